// SPDX-License-Identifier: Apache-2.0
#include "policy/recipient_findings.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t names_shown = 5;  // recipients spelled out in one finding

}  // namespace

std::string day(WallTime time) { return to_rfc3339(time).substr(0, 10); }

std::string shell_word(std::string_view address) {
  const bool is_plain = std::ranges::all_of(address, [](char c) {
    return is_alpha(c) || is_digit(c) ||
           std::string_view("@._+-").find(c) != std::string_view::npos;
  });
  if (is_plain) return std::string(address);
  std::string quoted = "'";
  for (const char c : address) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

Finding advice_about(std::string_view rule, std::vector<std::string> names, std::size_t asked) {
  const std::size_t more = names.size() > names_shown ? names.size() - names_shown : 0;
  const std::string count = fmt::format("{} of {} Apple recipients: ", names.size(), asked);
  names.resize(std::min(names.size(), names_shown));
  Finding finding;
  finding.rule = rule;
  finding.weight = Weight::advice;
  finding.evidence = count + fmt::format("{}", fmt::join(names, ", "));
  if (more > 0) finding.evidence += fmt::format(" and {} more", more);
  finding.fix =
      "send one recipient per message, so that one can be refused without the others: in "
      "Postfix, icloud-gate_destination_recipient_limit = 1";
  return finding;
}

}  // namespace icm
