-- SPDX-License-Identifier: Apache-2.0
--
-- Version 3: the ledger of consent and activity. In one file with the suppression list, since an
-- erasure takes both at once and what was suppressed is held against a consent.

-- Who asked for what, and who did something of late; the latest of each. NULL: not known.
CREATE TABLE subscription (
  address   TEXT NOT NULL,     -- as in suppression
  scope     TEXT NOT NULL,     -- "global", "stream:NAME" or "list:ID"
  consented INTEGER,           -- when the person asked for the mail
  source    TEXT NOT NULL,     -- how and where that was; empty without a consent
  withdrawn INTEGER,           -- when the person took it back; a later consent holds again
  engaged   INTEGER,           -- last click, reply, log-in or purchase; opens are worth nothing
  PRIMARY KEY (address, scope)
) STRICT, WITHOUT ROWID;
