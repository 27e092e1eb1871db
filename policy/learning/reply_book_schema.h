// SPDX-License-Identifier: Apache-2.0
//
// The tables of a ReplyBook. The first step makes version 1 of nothing, each further one the next
// version of the one before. Times are milliseconds since 1970.
#pragma once

#include <array>
#include <string_view>

namespace icm {

inline constexpr std::array<std::string_view, 2> reply_book_steps = {R"(
-- How far each source was read.
CREATE TABLE position (
  source TEXT NOT NULL PRIMARY KEY,
  place  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The answers that were counted, by a hash, so that one that is read again is not.
CREATE TABLE seen (
  day    INTEGER NOT NULL,  -- since 1970, of the answer's time
  digest INTEGER NOT NULL,
  PRIMARY KEY (day, digest)
) STRICT, WITHOUT ROWID;

-- How often each entry of the reply table was the answer.
CREATE TABLE tally (
  slot    INTEGER NOT NULL,  -- of ten minutes, since 1970
  entry   TEXT NOT NULL,
  answers INTEGER NOT NULL,
  PRIMARY KEY (slot, entry)
) STRICT, WITHOUT ROWID;

-- When one kind of answer came too often to be about addresses.
CREATE TABLE breaker (
  entry   TEXT NOT NULL,
  opened  INTEGER NOT NULL,
  hits    INTEGER NOT NULL,  -- of the entry, in the window that opened it
  answers INTEGER NOT NULL,  -- of all, there
  usual   INTEGER NOT NULL,  -- its share of the days before, in a million
  level   INTEGER NOT NULL,  -- the share above which it opened, in a million
  calm    INTEGER,           -- since when the share is low
  closed  INTEGER,
  PRIMARY KEY (entry, opened)
) STRICT, WITHOUT ROWID;

-- What was answered about an address, for each cause.
CREATE TABLE hit (
  address  TEXT NOT NULL,     -- Mailbox::key(), or what AddressForms::stored() makes of it
  cause    TEXT NOT NULL,     -- a class of the reply table
  entry    TEXT NOT NULL,     -- of the latest answer
  reply    TEXT NOT NULL,
  queue_id TEXT NOT NULL,
  first    INTEGER NOT NULL,
  last     INTEGER NOT NULL,
  hits     INTEGER NOT NULL,
  doubted  INTEGER NOT NULL,  -- 1: came during an outage
  owed     INTEGER NOT NULL,  -- 1: what follows from the latest is yet to be decided
  rests    INTEGER NOT NULL,  -- how often the address was suspended
  resting  INTEGER NOT NULL,  -- until when it is
  sure     INTEGER NOT NULL,  -- 1: one such answer suffices
  PRIMARY KEY (address, cause)
) STRICT, WITHOUT ROWID;
CREATE INDEX hit_owed ON hit (last) WHERE owed = 1;

-- Recipients for whom a form, or a From domain, was refused.
CREATE TABLE refusal (
  kind      TEXT NOT NULL,  -- as a backoff's
  subject   TEXT NOT NULL,
  recipient INTEGER NOT NULL,  -- a hash
  at        INTEGER NOT NULL,
  PRIMARY KEY (kind, subject, recipient)
) STRICT, WITHOUT ROWID;

-- How Apple treats an address that mail leaves from.
CREATE TABLE way (
  egress    TEXT NOT NULL PRIMARY KEY,
  entry     TEXT NOT NULL,     -- of the latest answer that asked for less
  reply     TEXT NOT NULL,
  asked     INTEGER NOT NULL,  -- when it came
  paused    INTEGER NOT NULL,  -- until when
  pauses    INTEGER NOT NULL,  -- in a row
  percent   INTEGER NOT NULL,  -- of every limit
  recovered INTEGER NOT NULL,  -- when that was changed
  taken     INTEGER NOT NULL,  -- when mail was taken
  stopped   INTEGER,           -- since when
  faults    INTEGER NOT NULL,  -- of the connection, of late
  fault     INTEGER NOT NULL,  -- the first of them
  ordered   INTEGER NOT NULL   -- when the orders were last given
) STRICT, WITHOUT ROWID;

-- Answers that no entry explains.
CREATE TABLE sample (
  digest   INTEGER NOT NULL PRIMARY KEY,  -- of the words without addresses and numbers
  reply    TEXT NOT NULL,
  entry    TEXT NOT NULL,
  queue_id TEXT NOT NULL,
  first    INTEGER NOT NULL,
  last     INTEGER NOT NULL,
  hits     INTEGER NOT NULL
) STRICT;

-- What a person has to know.
CREATE TABLE alert (
  kind    TEXT NOT NULL,
  subject TEXT NOT NULL,
  entry   TEXT NOT NULL,
  what    TEXT NOT NULL,
  egress  TEXT NOT NULL,     -- addresses of ours that were answered so
  replies TEXT NOT NULL,     -- some of the answers, a line each
  first   INTEGER NOT NULL,
  last    INTEGER NOT NULL,
  hits    INTEGER NOT NULL,
  sent    INTEGER NOT NULL,  -- when it was told last; 0: never
  PRIMARY KEY (kind, entry, subject)
) STRICT, WITHOUT ROWID;
)",
                                                                     R"(
-- By time, as a log is written, so that a million lines touch few pages.
DROP TABLE seen;
CREATE TABLE seen (
  at     INTEGER NOT NULL,  -- of the answer
  digest INTEGER NOT NULL,
  PRIMARY KEY (at, digest)
) STRICT, WITHOUT ROWID;

-- Deliveries that were not taken, and bounces, by a hash: who told of them first.
CREATE TABLE told (
  digest INTEGER NOT NULL PRIMARY KEY,
  teller INTEGER NOT NULL,  -- 1: the log; 2: a bounce
  at     INTEGER NOT NULL
) STRICT;

-- Of the answers, those of an address that had not said so within the breaker's window, nor a day
-- before: what an outage is told by.
ALTER TABLE tally ADD COLUMN addresses INTEGER NOT NULL DEFAULT 0;
UPDATE tally SET addresses = answers;

-- What an opening that lasted for too long has shown to be usual, in a million; 0: nothing.
ALTER TABLE breaker ADD COLUMN learnt INTEGER NOT NULL DEFAULT 0;

-- 1: a relay address, which a hash does not show.
ALTER TABLE hit ADD COLUMN relay INTEGER NOT NULL DEFAULT 0;
)"};

}  // namespace icm
