-- What tells whether an object in the bucket is still the one that was delivered: the CRC-64/NVME
-- of its bytes, bit for bit. Objects that were delivered before have none.

ALTER TABLE batch ADD COLUMN checksum INTEGER;
