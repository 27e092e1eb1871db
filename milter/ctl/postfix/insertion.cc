// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/postfix/insertion.h"

#include <algorithm>

#include <fmt/format.h>

#include "milter/ctl/postfix/config_text.h"
#include "policy/base/text.h"

namespace icm::ctl::postfix {
namespace {

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

std::vector<Insertion> of_file(File file, const std::vector<Insertion>& insertions) {
  std::vector<Insertion> chosen;
  for (const Insertion& one : insertions) {
    if (one.file == file) chosen.push_back(one);
  }
  std::ranges::stable_sort(chosen, {}, &Insertion::at);
  return chosen;
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

}  // namespace icm::ctl::postfix
