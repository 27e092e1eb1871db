// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/log_filter.h"

#include <algorithm>

#include "policy/base/text.h"

namespace icm::ctl {
namespace {

using Texts = std::vector<std::string>;

// An empty list asks for nothing.
bool admits_text(const Texts& wanted, std::string_view found) {
  return wanted.empty() || std::ranges::find(wanted, found) != wanted.end();
}

template <class Addresses>
bool any_matches(const std::vector<AddressPattern>& patterns, const Addresses& addresses) {
  return std::ranges::any_of(addresses, [&](std::string_view address) {
    return std::ranges::any_of(
        patterns, [&](const AddressPattern& pattern) { return pattern.matches(address); });
  });
}

// to_rfc3339() writes every time in the same form, so that texts compare as the times do.
bool is_log_time(std::string_view time) {
  constexpr std::string_view form = "dddd-dd-ddTdd:dd:dd.dddZ";
  return std::ranges::equal(time, form, [](char found, char expected) {
    return expected == 'd' ? is_digit(found) : found == expected;
  });
}

std::string unbracketed(std::string_view text) {
  if (text.size() >= 2 && text.front() == '<' && text.back() == '>') {
    text = text.substr(1, text.size() - 2);
  }
  return lower_ascii(text);
}

std::vector<AddressPattern> patterns_of(const Texts& texts) { return {texts.begin(), texts.end()}; }

// "2026-11-21 08:15:30Z", as lists show it; one without an offset is in UTC, too.
std::string as_rfc3339(std::string_view text) {
  constexpr std::size_t date = 10, date_and_time = 19;
  std::string time(text);
  if (time.size() < date_and_time) return time;
  if (time[date] == ' ') time[date] = 'T';
  if (time.size() == date_and_time && time[date] == 'T') time += 'Z';
  return time;
}

}  // namespace

AddressPattern::AddressPattern(std::string_view text) : glob_(unbracketed(text)) {
  const bool is_domain = !glob_.empty() && glob_.find_first_of("@*?") == std::string::npos;
  if (is_domain) glob_.insert(0, "*@");
}

bool AddressPattern::matches(std::string_view address) const {
  return matches_glob(address, glob_);
}

bool matches_glob(std::string_view text, std::string_view glob) {
  std::size_t t = 0;
  std::size_t g = 0;
  std::size_t star = std::string_view::npos;  // the last star, and where its text begins to end
  std::size_t star_end = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      star_end = t;
    } else if (g < glob.size() && (glob[g] == '?' || glob[g] == lower_ascii(text[t]))) {
      ++g;
      ++t;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      t = ++star_end;
    } else {
      return false;
    }
  }
  return glob.find_first_not_of('*', g) == std::string_view::npos;
}

Result<WallTime> parse_moment(std::string_view text, WallTime now) {
  if (const Result<WallTime> time = parse_time(as_rfc3339(text))) return *time;
  if (const Result<std::chrono::seconds> span = parse_span(text)) return now - *span;
  return fail(Code::syntax,
              fmt::format("expected a time such as 2026-11-21, 2026-11-21T08:15:30Z or "
                          "@1763712930, or how long ago, such as 90m, 24h or 7d; found \"{}\"",
                          for_log(text)));
}

LogFilter::LogFilter(LogCriteria criteria)
    : criteria_(std::move(criteria)),
      since_(criteria_.since ? to_rfc3339(*criteria_.since) : ""),
      until_(criteria_.until ? to_rfc3339(*criteria_.until) : ""),
      senders_(patterns_of(criteria_.senders)),
      recipients_(patterns_of(criteria_.recipients)) {}

bool LogFilter::admits(const DecisionRecord& decision) const {
  if (!admits_time(decision.time)) return false;
  if (!admits_text(criteria_.verdicts, decision.verdict)) return false;
  if (!admits_text(criteria_.queue_ids, decision.queue_id)) return false;
  if (!admits_text(criteria_.roles, decision.role)) return false;
  if (!admits_text(criteria_.origins, decision.origin)) return false;
  if (!admits_text(criteria_.streams, decision.stream)) return false;
  if (!senders_.empty() &&
      !any_matches(senders_, std::initializer_list<std::string_view>{decision.mail_from}) &&
      !any_matches(senders_, decision.from)) {
    return false;
  }
  if (!recipients_.empty() && !any_matches(recipients_, decision.recipients) &&
      !any_matches(recipients_, decision.removed_recipients)) {
    return false;
  }
  return admits_findings(decision);
}

bool LogFilter::admits_time(std::string_view time) const {
  if (!criteria_.since && !criteria_.until) return true;
  if (is_log_time(time)) {
    return (since_.empty() || time >= since_) && (until_.empty() || time < until_);
  }
  const Result<WallTime> parsed = parse_time(time);
  return parsed && (!criteria_.since || *parsed >= *criteria_.since) &&
         (!criteria_.until || *parsed < *criteria_.until);
}

bool LogFilter::admits_findings(const DecisionRecord& decision) const {
  if (criteria_.policies.empty() && criteria_.rules.empty()) return true;
  return std::ranges::any_of(decision.findings, [&](const FindingRecord& finding) {
    return admits_text(criteria_.policies, finding.policy) &&
           admits_text(criteria_.rules, finding.rule);
  });
}

}  // namespace icm::ctl
