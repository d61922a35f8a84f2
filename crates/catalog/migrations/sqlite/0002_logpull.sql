-- What a revision says in the older way, and whether it leaves out attack traffic.

ALTER TABLE revision ADD COLUMN logpull_options TEXT NOT NULL DEFAULT '';
ALTER TABLE revision ADD COLUMN filter_attack_traffic INTEGER NOT NULL DEFAULT 0
    CHECK (filter_attack_traffic IN (0, 1));
