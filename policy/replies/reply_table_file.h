// SPDX-License-Identifier: Apache-2.0
//
// Entries of the reply table from YAML: the ones compiled in, and an administrator's own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/base/result.h"
#include "policy/replies/reply_table.h"

namespace icm {

struct ReplyEntries {
  std::vector<ReplyEntry> entries;    // those without a problem
  std::vector<std::string> problems;  // each with its place: "own.yaml:3:5: ..."
};

inline constexpr std::size_t max_reply_table_octets = 1 << 20;
inline constexpr std::size_t max_reply_entries = 1000;

// Never fails: what is wrong is among the problems. `name` is the file's, for the problems.
ReplyEntries read_reply_entries(std::string_view name, std::string_view text);

// The entries that come with the program, in order.
std::vector<ReplyEntry> built_in_replies();

// `own` in front of `built_in`, since who writes an entry means it more than we do; an own entry
// with an id of a built-in one stands in that one's place.
std::vector<ReplyEntry> extended_replies(std::vector<ReplyEntry> built_in,
                                         std::vector<ReplyEntry> own);

// The table that applies: the built-in one, extended by the file at `path` unless that is empty.
// The Error has the file's first problem.
[[nodiscard]] Result<ReplyTable> load_reply_table(const std::string& path);

// The file's octets. An Error when it cannot be read or is larger than any table.
[[nodiscard]] Result<std::string> read_reply_file(const std::string& path);

}  // namespace icm
