// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/postfix/insertion.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "milter/ctl/postfix/config_text.h"
#include "policy/base/text.h"

namespace icm::ctl::postfix {
namespace {

std::vector<Insertion> of_file(File file, const std::vector<Insertion>& insertions) {
  std::vector<Insertion> chosen;
  for (const Insertion& one : insertions) {
    if (one.file == file) chosen.push_back(one);
  }
  std::ranges::stable_sort(chosen, {}, &Insertion::at);
  return chosen;
}

void add_lines(std::string& out, char mark, std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  for (const std::string_view line : split(text, '\n')) out += fmt::format("{}{}\n", mark, line);
}

// The octets of the lines that `at` stands in or, at a line's beginning, before.
Span lines_at(std::string_view text, std::size_t at) {
  const auto before = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
  if (begin == at) return {.begin = at, .end = at};
  const auto after = text.find('\n', at);
  return {.begin = begin, .end = after == std::string_view::npos ? text.size() : after + 1};
}

// Where in an edited text that piece may be looked for: the value, or the service, it was put into.
std::optional<Span> home_of(std::string_view text, const Insertion& one) {
  if (one.service.empty()) {
    if (one.parameter.empty()) return Span{.begin = 0, .end = text.size()};
    return find_value(text, one.parameter);
  }
  const auto slash = one.service.rfind('/');
  return find_service(text, one.service.substr(0, slash), one.service.substr(slash + 1));
}

// The names of entries: "transport_maps", "icloud-gate unix".
std::string entry_name(File file, std::string_view line) {
  if (file == File::main_cf) return std::string(parameter_name(line));
  line = line.substr(0, line.find('\n'));
  std::string name;
  for (const std::string_view word : split(line, ' ')) {
    if (word.empty()) continue;
    if (!name.empty()) return name + " " + std::string(word);
    name = word;
  }
  return name;
}

// A block that was edited: entries of other names stay.
void take_block(Removal& removal, File file, const Insertion& one) {
  const auto begin = removal.text.find(block_begin);
  const auto end = begin == std::string::npos ? begin : removal.text.find(block_end, begin);
  if (end == std::string::npos) {
    removal.left.push_back(fmt::format(
        "{}: the lines between \"# icloud-milter: begin\" and \"# icloud-milter: end\" are not "
        "there any more; whatever is left of them is for you to take out",
        to_string(file)));
    return;
  }
  std::vector<std::string> ours;
  for (const Span& line : logical_lines(one.text)) {
    ours.push_back(entry_name(file, line.of(one.text)));
  }
  const std::string block = removal.text.substr(begin, end + block_end.size() - begin);
  std::string kept;
  for (const Span& line : logical_lines(block)) {
    if (std::ranges::find(ours, entry_name(file, line.of(block))) == ours.end()) {
      kept += line.of(block);
    }
  }
  removal.text.replace(begin, block.size(), kept);
  removal.left.push_back(fmt::format(
      "{}: the lines of icloud-milter were edited since; they are taken out{}", to_string(file),
      kept.empty() ? "" : ", and entries that were added among them are kept"));
}

void take_one(Removal& removal, File file, const Insertion& one) {
  if (const auto home = home_of(removal.text, one)) {
    const auto at = home->of(removal.text).find(one.text);
    if (at != std::string_view::npos) {
      removal.text.erase(home->begin + at, one.text.size());
      return;
    }
  }
  if (one.parameter.empty() && one.service.empty()) return take_block(removal, file, one);
  removal.left.push_back(fmt::format(
      "{}: {}{}{} was edited since; \"{}\" is not in it as it was put there: see that nothing of "
      "icloud-milter is left",
      to_string(file), one.service, one.service.empty() ? "" : ": ", one.parameter,
      excerpt(trim(one.text))));
}

}  // namespace

std::string_view to_string(File file) {
  switch (file) {
    case File::main_cf:
      return "main.cf";
    case File::master_cf:
      return "master.cf";
  }
  return "invalid";
}

Insertion into_main_value(std::string_view name, std::size_t at, std::string text,
                          std::string_view reason) {
  return {.file = File::main_cf,
          .at = at,
          .text = std::move(text),
          .reason = std::string(reason),
          .parameter = std::string(name),
          .service = {}};
}

std::string insert(std::string_view text, File file, const std::vector<Insertion>& insertions) {
  std::string out;
  std::size_t done = 0;
  for (const Insertion& one : of_file(file, insertions)) {
    const std::size_t at = std::min(one.at, text.size());
    out += text.substr(done, at - done);
    out += one.text;
    done = at;
  }
  out += text.substr(done);
  return out;
}

std::string differences(std::string_view text, File file,
                        const std::vector<Insertion>& insertions) {
  const std::vector<Insertion> all = of_file(file, insertions);
  std::string out;
  for (std::size_t i = 0; i < all.size();) {
    const Span lines = lines_at(text, all[i].at);
    std::vector<Insertion> here;
    std::string reasons;
    // Several places of one line are one change.
    do {
      here.push_back(all[i]);
      here.back().at -= lines.begin;
      if (!all[i].reason.empty()) reasons += fmt::format("# {}\n", all[i].reason);
      ++i;
    } while (i < all.size() && all[i].at > lines.begin && all[i].at < lines.end);
    const auto number = std::ranges::count(text.substr(0, lines.begin), '\n') + 1;
    out += fmt::format("@@ {}, line {} @@\n{}", to_string(file), number, reasons);
    const std::string_view before = lines.of(text);
    if (!before.empty()) add_lines(out, '-', before);
    std::string after = insert(before, file, here);
    if (before.empty() && after.starts_with('\n')) after.erase(0, 1);
    add_lines(out, '+', after);
  }
  return out;
}

Removal take_out(std::string_view text, File file, const std::vector<Insertion>& insertions) {
  Removal removal{.text = std::string(text), .left = {}};
  const std::vector<Insertion> all = of_file(file, insertions);
  for (auto one = all.rbegin(); one != all.rend(); ++one) take_one(removal, file, *one);
  return removal;
}

}  // namespace icm::ctl::postfix
