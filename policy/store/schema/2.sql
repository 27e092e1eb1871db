-- SPDX-License-Identifier: Apache-2.0
--
-- Version 2: evidence, undoing and hashed addresses.

-- What Apple's replies told of the address: all six, or none. Columns of the entry, not a table of
-- their own: an address that never had a reply pays six octets for it.
ALTER TABLE suppression ADD COLUMN pattern TEXT;        -- id of the reply pattern: what an outage is undone by
ALTER TABLE suppression ADD COLUMN reply TEXT;          -- the latest of the replies, as Apple gave it
ALTER TABLE suppression ADD COLUMN queue_id TEXT;       -- of the message that was answered so: joins Postfix's log
ALTER TABLE suppression ADD COLUMN first_seen INTEGER;  -- time of the first such reply
ALTER TABLE suppression ADD COLUMN last_seen INTEGER;   -- time of the latest one: undoing asks for it
ALTER TABLE suppression ADD COLUMN count INTEGER;       -- replies from the first to the latest
ALTER TABLE past ADD COLUMN pattern TEXT;
ALTER TABLE past ADD COLUMN reply TEXT;
ALTER TABLE past ADD COLUMN queue_id TEXT;
ALTER TABLE past ADD COLUMN first_seen INTEGER;
ALTER TABLE past ADD COLUMN last_seen INTEGER;
ALTER TABLE past ADD COLUMN count INTEGER;

-- Deeds of two more kinds. A CHECK cannot be changed in place.
CREATE TABLE next_deed (
  id      INTEGER PRIMARY KEY,  -- what `imports` shows, and what an import is undone by
  at      INTEGER NOT NULL,     -- when it was done; `created` of an entry may be earlier, told by an import
  who     TEXT NOT NULL,        -- login of the person, or name of the program, that did it
  what    TEXT NOT NULL CHECK (what IN ('add', 'import', 'remove', 'undo', 'hash')),
  why     TEXT NOT NULL,        -- the cause that was given; a permanent entry is not removed without one
  entries INTEGER               -- how many entries it added, changed or removed; NULL: by version 1
) STRICT;
INSERT INTO next_deed (id, at, who, what, why) SELECT id, at, who, what, why FROM deed;
DROP TABLE deed;
ALTER TABLE next_deed RENAME TO deed;

-- What holds for the store as a whole.
CREATE TABLE property (
  name  TEXT PRIMARY KEY,       -- "hash-key": addresses are kept hashed, and by which key
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
