-- SPDX-License-Identifier: Apache-2.0
--
-- Version 5: who said again what stood already. An import may be undone, but not what somebody who
-- unsubscribed was told is done.

ALTER TABLE suppression ADD COLUMN confirmed INTEGER;   -- when it was last said, if later than created
ALTER TABLE suppression ADD COLUMN confirmations TEXT;  -- "DEED@TIME" of each, apart by blanks
ALTER TABLE past ADD COLUMN confirmed INTEGER;
ALTER TABLE past ADD COLUMN confirmations TEXT;
