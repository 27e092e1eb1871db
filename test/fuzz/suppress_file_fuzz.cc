// SPDX-License-Identifier: Apache-2.0
//
// A list of addresses of hostile octets: every line is an entry that could be stored or a bad line,
// never anything between, and what is taken survives being written and read again, as CSV and as
// JSON lines.
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "milter/ctl/suppress_file.h"
#include "milter/ctl/suppress_print.h"
#include "policy/base/handle.h"
#include "test/fuzz/demand.h"

namespace {

void close_file(std::FILE* file) { std::fclose(file); }
using File = icm::Handle<std::FILE, close_file>;

// The entries of a file that may be stored.
std::vector<icm::Suppression> read(std::string_view content, icm::ctl::FileFormat format) {
  std::vector<icm::Suppression> entries;
  if (content.empty()) return entries;
  std::string octets(content);
  const File stream(fmemopen(octets.data(), octets.size(), "r"));
  icm::demand(stream != nullptr, "no stream in memory");
  icm::Suppression defaults;
  defaults.scope = "global";
  defaults.source = "fuzz";
  icm::ctl::EntryFile file(stream.get(), "list", format, defaults);
  const icm::Status begun = file.begin();
  if (!begun) {
    icm::demand(begun.error().code == icm::Code::syntax, "not a complaint", begun.error().text);
    return entries;
  }
  for (;;) {
    const auto entry = file.next();
    if (!entry) {
      icm::demand(entry.error().code == icm::Code::syntax, "not a bad line", entry.error().text);
      continue;
    }
    if (!*entry) return entries;
    icm::demand(icm::suppression_scope((*entry)->scope).has_value(), "no scope", (*entry)->scope);
    const auto mailbox = icm::Mailbox::parse((*entry)->address);
    icm::demand(mailbox.has_value(), "no address", (*entry)->address);
    icm::demand(mailbox->key() == (*entry)->address, "not how Apple compares", (*entry)->address);
    if (icm::check_entry(**entry)) entries.push_back(**entry);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  const std::string_view content(reinterpret_cast<const char*>(octets), size);
  using icm::ctl::FileFormat;
  for (const FileFormat format :
       {FileFormat::automatic, FileFormat::csv, FileFormat::json, FileFormat::plain}) {
    const std::vector<icm::Suppression> entries = read(content, format);
    std::string csv(icm::ctl::csv_header());
    std::string json;
    for (const icm::Suppression& entry : entries) {
      csv += icm::ctl::csv_line(entry);
      json += icm::ctl::json_line(entry) + '\n';
    }
    icm::demand(read(csv, FileFormat::csv) == entries, "CSV has changed entries", csv);
    icm::demand(read(json, FileFormat::json) == entries, "JSON has changed entries", json);
  }
  return 0;
}
