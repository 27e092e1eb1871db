// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/doctor/print.h"

#include <algorithm>
#include <array>
#include <functional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "policy/base/text.h"

namespace icm::ctl::doctor {
namespace {

constexpr int indent = 9;  // behind the grade

Style style_of(Grade grade) {
  switch (grade) {
    case Grade::ok:
      return Style::green;
    case Grade::note:
      return Style::dim;
    case Grade::warning:
      return Style::yellow;
    case Grade::fault:
      return Style::red;
  }
  return Style::plain;
}

// As clean() has it; what a policy has written as \\xNN already stays so.
std::string clean_once(std::string_view text) {
  const auto is_hex = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); };
  std::string out;
  for (;;) {
    std::size_t at = text.find("\\x");
    while (at != std::string_view::npos &&
           !(at + 3 < text.size() && is_hex(text[at + 2]) && is_hex(text[at + 3]))) {
      at = text.find("\\x", at + 2);
    }
    if (at == std::string_view::npos) return out + clean(text);
    out += clean(text.substr(0, at));
    out += text.substr(at, 4);
    text.remove_prefix(at + 4);
  }
}

std::string line(std::string_view label, std::string_view text, const Terminal& terminal) {
  if (text.empty()) return {};
  constexpr int label_width = 9;
  const std::string words = wrap(clean_once(text), indent + label_width, terminal.width());
  return fmt::format("{:{}}{}{}\n", "", indent,
                     terminal.paint(Style::dim, fmt::format("{:<{}}", label, label_width)), words);
}

std::string print_one(const Diagnosis& one, const Terminal& terminal) {
  const Grade grade = one.known->grade;
  const std::string word =
      terminal.paint(style_of(grade), fmt::format("{:<{}}", to_string(grade), indent));
  const std::string subject = one.subject.empty() ? "" : "  " + clean(one.subject);
  std::string text =
      fmt::format("{}{}{}\n", word, terminal.paint(Style::bold, one.known->id), subject);
  text += line("found", one.evidence, terminal);
  if (grade == Grade::ok) return text;
  return text + line("follows", one.known->follows, terminal) +
         line("remedy", one.remedy_text(), terminal);
}

std::string conclusion(const Diagnoses& diagnoses, const Terminal& terminal) {
  std::array<std::size_t, 4> counts{};
  for (const Diagnosis& one : diagnoses) ++counts[static_cast<std::size_t>(one.known->grade)];
  const auto count = [&](Grade grade) { return counts[static_cast<std::size_t>(grade)]; };
  const auto many = [](std::size_t number, std::string_view word) {
    return fmt::format("{} {}{}", number, word, number == 1 ? "" : "s");
  };
  const std::string rest =
      fmt::format("{}, {} in order", many(count(Grade::note), "note"), count(Grade::ok));
  if (is_healthy(diagnoses)) {
    return terminal.paint(Style::green, "Healthy") + fmt::format(": {}.\n", rest);
  }
  return terminal.paint(Style::red, "Something is wrong") +
         fmt::format(": {}, {}, {}.\n", many(count(Grade::fault), "fault"),
                     many(count(Grade::warning), "warning"), rest);
}

}  // namespace

std::string print(const Diagnoses& diagnoses, Detail detail, const Terminal& terminal) {
  std::string text;
  for (const std::string_view area : areas()) {
    std::vector<const Diagnosis*> its;
    for (const Diagnosis& one : diagnoses) {
      const bool is_shown = detail == Detail::everything || one.known->grade != Grade::ok;
      if (one.known->area() == area && is_shown) its.push_back(&one);
    }
    std::ranges::stable_sort(its, std::greater(),
                             [](const Diagnosis* one) { return one->known->grade; });
    for (const Diagnosis* one : its) text += print_one(*one, terminal) + "\n";
  }
  return text + conclusion(diagnoses, terminal);
}

std::string json_lines(const Diagnoses& diagnoses) {
  std::string lines;
  for (const Diagnosis& one : diagnoses) {
    const nlohmann::ordered_json json = {
        {"id", one.known->id},
        {"area", one.known->area()},
        {"grade", to_string(one.known->grade)},
        {"subject", one.subject},
        {"found", one.evidence},
        {"follows", one.known->follows},
        {"remedy", one.known->grade == Grade::ok ? std::string_view() : one.remedy_text()}};
    lines += json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
  }
  return lines;
}

std::string catalogue_table() {
  std::string text = "| Id | Grade | What follows | Remedy |\n|---|---|---|---|\n";
  for (const Known& known : catalogue) {
    text += fmt::format("| `{}` | {} | {} | {} |\n", known.id, to_string(known.grade),
                        known.grade == Grade::ok ? "all is well" : known.follows,
                        known.remedy.empty() ? "none needed" : known.remedy);
  }
  return text;
}

}  // namespace icm::ctl::doctor
