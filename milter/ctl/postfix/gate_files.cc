// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/postfix/gate_files.h"

#include <algorithm>

#include "milter/ctl/postfix/config_text.h"
#include "policy/base/text.h"

namespace icm::ctl::postfix {
namespace {

// Where the comments right above a logical line begin; an empty line ends them.
std::size_t comments_above(std::string_view text, std::size_t line) {
  std::size_t begin = line;
  while (begin >= 2) {
    const auto before = text.rfind('\n', begin - 2);
    const std::size_t start = before == std::string_view::npos ? 0 : before + 1;
    if (text[start] != '#') break;
    begin = start;
  }
  return begin;
}

template <class Name>
std::vector<GateEntry> entries_of(std::string_view text, Name name) {
  std::vector<GateEntry> entries;
  for (const Span& line : logical_lines(text)) {
    const std::size_t begin = comments_above(text, line.begin);
    entries.push_back(
        {.name = name(line.of(text)), .text = std::string(text.substr(begin, line.end - begin))});
  }
  return entries;
}

}  // namespace

std::vector<GateEntry> parameters_of(std::string_view main_cf) {
  return entries_of(main_cf,
                    [](std::string_view line) { return std::string(parameter_name(line)); });
}

std::vector<GateEntry> services_of(std::string_view master_cf) {
  return entries_of(master_cf, [](std::string_view line) {
    const auto words = split(line.substr(0, line.find('\n')), ' ');
    return std::string(words[0]) + "/" + std::string(words[1]);
  });
}

std::string_view gate_parameter(std::string_view name) {
  static const std::vector<GateEntry> entries = parameters_of(main_cf_gate);
  const auto found = std::ranges::find(entries, name, &GateEntry::name);
  return found == entries.end() ? std::string_view() : std::string_view(found->text);
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

const std::vector<std::string>& gate_domains() {
  static const std::vector<std::string> domains = [] {
    std::vector<std::string> found;
    const auto value = find_value(main_cf_gate, "transport_maps");
    for (std::string_view piece : split(value ? value->of(main_cf_gate) : "", '{')) {
      const auto equals = piece.find('=');
      if (equals != std::string_view::npos) found.emplace_back(trim(piece.substr(0, equals)));
    }
    return found;
  }();
  return domains;
}

}  // namespace icm::ctl::postfix
