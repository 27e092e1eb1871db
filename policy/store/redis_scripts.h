// SPDX-License-Identifier: Apache-2.0
//
// What the scripts on the list and on the ledger in Redis have in common. Every script has the keys
// of one bucket: entries, past, log, ledger.
#pragma once

// "\1h" begins the check value of the key that addresses are hashed under, if they are; whoever has
// another one, which is the last of ARGV, neither reads nor writes.
#define ICM_CHECK_KEY                                                       \
  "local key = redis.call('ZRANGEBYLEX', KEYS[1], '[\\1h', '(\\1i')[1]\n"   \
  "if key and string.sub(key, 3) ~= ARGV[#ARGV] then\n"                     \
  "  return redis.error_reply('OTHERKEY it is hashed under another key')\n" \
  "end\n"

// "\1" begins the mark of the list; without it nothing is answered.
#define ICM_FIND_MARK                                                    \
  "local mark = redis.call('ZRANGEBYLEX', KEYS[1], '[\\1', '(\\2')[1]\n" \
  "if not mark then return redis.error_reply('NOLIST there is none') end\n" ICM_CHECK_KEY

// The same of the ledger.
#define ICM_FIND_LEDGER                                                    \
  "local ledger = redis.call('ZRANGEBYLEX', KEYS[4], '[\\1', '(\\2')[1]\n" \
  "if not ledger then return redis.error_reply('NOLEDGER there is none') end\n"

// list() takes the next list of members from ARGV, behind its length; `at` is where it is.
// stands(list) says whether that is all of `found`.
#define ICM_COMPARE_LISTS                                                               \
  "local function list()\n"                                                             \
  "  local items = {}\n"                                                                \
  "  for i = 1, tonumber(ARGV[at]) do items[i] = ARGV[at + i] end\n"                    \
  "  at = at + #items + 1\n"                                                            \
  "  return items\n"                                                                    \
  "end\n"                                                                               \
  "local found\n"                                                                       \
  "local function stands(list)\n"                                                       \
  "  local is_listed = {}\n"                                                            \
  "  for _, member in ipairs(list) do is_listed[member] = true end\n"                   \
  "  for _, member in ipairs(found) do if not is_listed[member] then return false end " \
  "end\n"                                                                               \
  "  return #found == #list\n"                                                          \
  "end\n"
