-- SPDX-License-Identifier: Apache-2.0
--
-- The suppression store, version 1. These files are compiled into the programs and run in their
-- order: all of them when a store is made, the later ones when an older store is met. What has been
-- released is not changed any more.
-- Times are milliseconds since 1970, UTC. Every name of a reason is the one in store.cc.

-- A deed: somebody added, imported or removed something. One row for an import of millions, so that
-- the history of each address costs a number and not a copy.
CREATE TABLE deed (
  id   INTEGER PRIMARY KEY,
  at   INTEGER NOT NULL,  -- when it was done; `created` below may be earlier, told by an import
  who  TEXT NOT NULL,     -- login of the person, or name of the program, that did it
  what TEXT NOT NULL CHECK (what IN ('add', 'import', 'remove')),
  why  TEXT NOT NULL      -- the cause that was given; a permanent entry is not removed without one
) STRICT;

-- What holds now (expired entries stay until they are replaced or removed: they are evidence).
-- The address leads the key, since every question is about an address; the reason is part of it
-- because each reason ends in its own way: an address may have left a list and be gone as well.
-- WITHOUT ROWID keeps one tree instead of two: half the pages to read for a lookup.
CREATE TABLE suppression (
  address  TEXT NOT NULL,                            -- Mailbox::key(): local part folded, nothing stripped
  scope    TEXT NOT NULL,                            -- "global", "stream:NAME" or "list:ID"
  reason   TEXT NOT NULL,                            -- a name, so that the file explains itself in any SQLite shell
  source   TEXT NOT NULL,                            -- who or what told us: "cli", "import:list.csv"
  note     TEXT NOT NULL,                            -- the evidence in words, such as Apple's reply; may be empty
  created  INTEGER NOT NULL,                         -- since when it holds
  expires  INTEGER,                                  -- from when on it no longer holds; NULL: never
  added_by INTEGER NOT NULL REFERENCES deed (id),    -- which deed made it what it is now
  PRIMARY KEY (address, scope, reason)
) STRICT, WITHOUT ROWID;

-- The few addresses of people who asked to be forgotten: nothing else may be stored about them, and
-- this is how each write finds out at no cost.
CREATE INDEX erased ON suppression (address) WHERE reason = 'erasure';

-- What held before: every version that was replaced or removed. Only an erasure empties it.
CREATE TABLE past (
  id       INTEGER PRIMARY KEY,                      -- order of events
  address  TEXT NOT NULL,
  scope    TEXT NOT NULL,
  reason   TEXT NOT NULL,
  source   TEXT NOT NULL,
  note     TEXT NOT NULL,
  created  INTEGER NOT NULL,
  expires  INTEGER,
  added_by INTEGER NOT NULL REFERENCES deed (id),    -- who put it there
  ended_by INTEGER NOT NULL REFERENCES deed (id)     -- who replaced or removed it, when and why
) STRICT;

-- The history is asked for by address.
CREATE INDEX past_address ON past (address);
