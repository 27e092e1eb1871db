-- SPDX-License-Identifier: Apache-2.0
--
-- Version 4: what Apple's answers, or an administrator, ask for: less mail, or none, for a while.

-- One row for each kind and subject. In the store, so that it is there after a restart.
--   kind     pause, slow, recipient, domain or template
--   subject  what is held: an address of ours, a domain, a form; a recipient as a hash
--   percent  slow: what is left of each limit
--   every    recipient: seconds between two messages
--   until    NULL: until it is removed
--   by, why  who wrote it; Apple's answer, or a person's word
CREATE TABLE IF NOT EXISTS backoff (
  kind TEXT NOT NULL, subject TEXT NOT NULL,
  percent INTEGER NOT NULL, every INTEGER NOT NULL,
  since INTEGER NOT NULL, until INTEGER,
  by TEXT NOT NULL, why TEXT NOT NULL,
  PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;
