// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/postfix/block_edits.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "milter/ctl/postfix/config_text.h"
#include "milter/ctl/postfix/milter_list.h"
#include "policy/base/text.h"

namespace icm::ctl::postfix {
namespace {

constexpr std::string_view way_out = "icloud-out unix";
constexpr std::string_view choice_by_sender = "smtpd_sender_restrictions";
constexpr std::string_view separators = ", \t\r\n";

// Without comments, and without what separates words: how a value is laid out means nothing.
std::string squeezed(std::string_view text) {
  std::string rest;
  for (const std::string_view line : split(text, '\n')) {
    if (trim(line).starts_with('#')) continue;
    for (const char c : line) {
      if (separators.find(c) == std::string_view::npos) rest += c;
    }
  }
  return rest;
}

// The fields of a service up to its command (master(5)).
std::string fields_of(std::string_view service) {
  constexpr std::size_t fields = 8;
  std::string rest;
  std::size_t count = 0;
  for (const std::string_view word : split_list(service)) {
    if (count++ == fields) break;
    rest += fmt::format("{} ", word);
  }
  return rest;
}

bool is_gate(std::string_view name) { return name.ends_with(" inet"); }

// What an entry says, without what anybody may change in it.
std::string meaning_of(std::string_view text, File file, const Span& line) {
  const std::string name = entry_name(file, line.of(text));
  if (file == File::main_cf) {
    if (name.starts_with("icloud-out_")) return {};
    std::string pieces = "\n";
    const std::string_view whole = line.of(text);
    for (const std::string_view piece : split_list(whole.substr(whole.find('=') + 1))) {
      pieces += squeezed(piece) + "\n";
    }
    return pieces;
  }
  if (name == way_out) return {};
  std::string meaning = fields_of(line.of(text));
  for (const Override& one : overrides_in(text, line)) {
    if (is_gate(name) && one.name == choice_by_sender) continue;
    meaning += fmt::format("\n{}={}", one.name, squeezed(one.value.of(text)));
  }
  return meaning;
}

// Whether an entry means what ours did. What others add to a value of main.cf, such as a table or a
// milter, is theirs to add.
bool still_means(File file, std::string_view ours, std::string_view now) {
  if (file == File::master_cf) return now == ours;
  return std::ranges::all_of(split(ours, '\n'), [&](std::string_view piece) {
    return piece.empty() || now.find(fmt::format("\n{}\n", piece)) != std::string_view::npos;
  });
}

std::map<std::string, std::string> meanings_of(std::string_view text, File file) {
  std::map<std::string, std::string> meanings;
  for (const Span& line : logical_lines(text)) {
    meanings[entry_name(file, line.of(text))] = meaning_of(text, file, line);
  }
  return meanings;
}

}  // namespace

std::string_view tuning_hint(File file) {
  switch (file) {
    case File::main_cf:
      return "# Change the values of icloud-out_... here as your mail needs it. \"postfix status\" "
             "tells of any other\n# change between these lines; write what else you want above or "
             "below them.\n";
    case File::master_cf:
      return "# Change icloud-out, and the gate's smtpd_sender_restrictions, here as your mail "
             "needs it. \"postfix\n# status\" tells of any other change between these lines; write "
             "what else you want above or below.\n";
  }
  return "";
}

std::string entry_name(File file, std::string_view line) {
  if (file == File::main_cf) return std::string(parameter_name(line));
  line = line.substr(0, line.find('\n'));
  std::string name;
  for (const std::string_view word : split_list(line)) {
    if (!name.empty()) return name + " " + std::string(word);
    name = word;
  }
  return name;
}

std::vector<std::string> edits_of(std::string_view block, std::string_view rest, File file,
                                  std::string_view ours) {
  const auto before = meanings_of(ours, file);
  const auto now = meanings_of(block, file);
  const auto elsewhere = meanings_of(rest, file);
  std::vector<std::string> edits;
  for (const auto& [name, meaning] : before) {
    const auto found = now.find(name);
    const auto moved = elsewhere.find(name);
    if (found == now.end() && moved == elsewhere.end()) {
      edits.push_back(name + " is gone");
    } else if (!still_means(file, meaning, (found == now.end() ? moved : found)->second)) {
      edits.push_back(name + " is changed");
    }
  }
  for (const auto& [name, meaning] : now) {
    if (!before.contains(name)) edits.push_back(name + " is new");
  }
  return edits;
}

std::string without_moved(std::string_view rest, std::string_view block, File file,
                          std::string_view ours) {
  if (file == File::main_cf) return std::string(rest);  // postconf -e leaves a line in its place
  const auto before = meanings_of(ours, file);
  const auto now = meanings_of(block, file);
  std::string kept;
  std::size_t done = 0;
  for (const Span& line : logical_lines(rest)) {
    const std::string name = entry_name(file, line.of(rest));
    if (!before.contains(name) || now.contains(name)) continue;
    kept += rest.substr(done, line.begin - done);
    done = line.end;
  }
  return kept + std::string(rest.substr(done));
}

}  // namespace icm::ctl::postfix
