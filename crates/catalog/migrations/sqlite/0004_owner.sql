-- Who owns the ledger: how often delivery has taken it over. Each step compares it, so that a process
-- that another has taken over from is fenced for good.

ALTER TABLE installation ADD COLUMN owner INTEGER NOT NULL DEFAULT 0 CHECK (owner >= 0);
