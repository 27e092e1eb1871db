// SPDX-License-Identifier: Apache-2.0
//
// Any octets as a reply table: each is complained about or makes a table that can be asked.
#include <cstdint>
#include <string_view>
#include <utility>

#include "policy/replies/reply_table_check.h"
#include "policy/replies/reply_table_file.h"
#include "test/fuzz/demand.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  using icm::demand;
  const std::string_view text(reinterpret_cast<const char*>(octets), size);
  icm::ReplyEntries read = icm::read_reply_entries("fuzz", text);
  for (const std::string& problem : read.problems) {
    demand(problem.starts_with("fuzz:"), "a problem without a place", problem);
  }
  for (const icm::ReplyEntry& entry : read.entries) {
    demand(!entry.id.empty() && !entry.source.empty() && !entry.remedy.empty(), "half an entry");
  }
  const auto table = icm::ReplyTable::make(std::move(read.entries));
  if (!table) {
    demand(!table.error().text.empty(), "an Error without words");
    return 0;
  }
  for (const std::string& complaint : icm::check_reply_table(*table)) {
    demand(!complaint.empty(), "a complaint without words");
  }
  return 0;
}
