// SPDX-License-Identifier: Apache-2.0
#include "policy/learning/alerts.h"

#include <algorithm>

#include <fmt/format.h>

#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t most_replies = 5;
constexpr std::size_t most_egress = 20;
constexpr std::size_t longest_words = 2000;
constexpr std::string_view postmaster = "icloudadmin@apple.com";

std::string one_line(std::string_view text) { return for_log(text, longest_words); }

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  if (text.empty()) return lines;
  for (const std::string_view line : split(text, '\n')) lines.emplace_back(line);
  return lines;
}

// Each once, the latest last, and no more than `most`: of answers, those with another Txn ID are
// others, and the first is kept.
void add_lines(std::vector<std::string>& known, const std::vector<std::string>& more,
               std::size_t most) {
  for (const std::string& given : more) {
    std::string line = one_line(given);
    if (line.empty() || std::find(known.begin(), known.end(), line) != known.end()) continue;
    if (known.size() >= most) known.erase(known.begin() + 1);
    known.push_back(std::move(line));
  }
}

Alert alert_of(const Query& row) {
  Alert alert;
  for (const AlertKind kind : {AlertKind::answer, AlertKind::breaker, AlertKind::unknown}) {
    if (to_string(kind) == row.text(0)) alert.kind = kind;
  }
  alert.entry = row.text(1);
  alert.subject = row.text(2);
  alert.what = row.text(3);
  alert.egress = lines_of(row.text(4));
  alert.replies = lines_of(row.text(5));
  alert.first = stored_time(row.number(6));
  alert.last = stored_time(row.number(7));
  alert.count = row.number(8);
  alert.sent = stored_time(row.number(9));
  return alert;
}

#define ICM_ALERT_COLUMNS "kind, entry, subject, what, egress, replies, first, last, hits, sent"

Result<std::vector<Alert>> alerts_by(Query query) {
  std::vector<Alert> alerts;
  for (;;) {
    ICM_TRY(const bool is_row, query.step());
    if (!is_row) return alerts;
    alerts.push_back(alert_of(query));
  }
}

Status write(ReplyBook& book, const Alert& alert) {
  const std::string egress = fmt::format("{}", fmt::join(alert.egress, "\n"));
  const std::string replies = fmt::format("{}", fmt::join(alert.replies, "\n"));
  ICM_TRY(Query query, book.query("INSERT OR REPLACE INTO alert (" ICM_ALERT_COLUMNS ") VALUES"
                                  " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"));
  query.bind(1, to_string(alert.kind)).bind(2, alert.entry).bind(3, alert.subject);
  query.bind(4, alert.what).bind(5, egress).bind(6, replies);
  query.bind(7, stored(alert.first)).bind(8, stored(alert.last)).bind(9, alert.count);
  return query.bind(10, stored(alert.sent)).run();
}

// Where it is Apple, not us, who has to do something, or to tell what.
bool may_postmaster_help(const Alert& alert, const ReplyEntry& entry) {
  if (alert.kind == AlertKind::breaker) return true;
  return entry.reply_class == ReplyClass::content ||
         entry.reply_class == ReplyClass::reputation_ip ||
         entry.reply_class == ReplyClass::reputation_domain ||
         entry.reply_class == ReplyClass::outage;
}

std::string addresses_of(const Alert& alert, const std::vector<IpAddress>& configured) {
  std::vector<std::string> addresses = alert.egress;
  std::erase(addresses, "all");
  if (addresses.empty()) {
    for (const IpAddress& address : configured) addresses.push_back(address.text());
  }
  return fmt::format("{}", fmt::join(addresses, ", "));
}

std::string or_gap(std::string_view text, std::string_view gap) {
  return text.empty() ? fmt::format("[{}]", gap) : one_line(text);
}

// The items that Apple asks for (https://support.apple.com/en-us/102322).
std::string letter(const Alert& alert, const ReplyEntry& entry, const PostmasterConfig& sender,
                   const std::vector<IpAddress>& configured) {
  std::string text = fmt::format(
      "\nA letter to Apple's postmaster, {}, to be looked through before it is sent:\n\n"
      "  Company: {}\n"
      "  Domain: {}\n"
      "  IP addresses: {}\n"
      "  Contact: {}\n"
      "  Since: {}\n"
      "  SMTP errors ({} so far, the latest at {}):\n",
      postmaster, or_gap(sender.company, "company"), or_gap(sender.domain, "domain"),
      or_gap(addresses_of(alert, configured), "addresses that the mail leaves from"),
      or_gap(sender.contact, "who can be asked"), to_rfc3339(alert.first), alert.count,
      to_rfc3339(alert.last));
  for (const std::string& reply : alert.replies) text += "    " + one_line(reply) + "\n";
  const bool is_outage = alert.kind == AlertKind::breaker;
  text += fmt::format(
      "  Description: {}\n",
      is_outage ? "Your servers answer so for far more of our recipients than before, among them "
                  "addresses that took our mail until then. We suspect a fault, and ask you to "
                  "look into it."
                : one_line(entry.meaning) +
                      " We send to people who asked for it, signed with DKIM and with SPF and "
                      "DMARC in place. Please tell us the cause, or lift the block.");
  return text;
}

}  // namespace

std::string_view to_string(AlertKind kind) {
  switch (kind) {
    case AlertKind::answer:
      return "answer";
    case AlertKind::breaker:
      return "breaker";
    case AlertKind::unknown:
      return "unknown";
  }
  return "invalid";
}

AlertText alert_text(const Alert& alert, const ReplyEntry& entry, const PostmasterConfig& sender,
                     const std::vector<IpAddress>& addresses) {
  AlertText text;
  text.title = fmt::format("Apple: {}", one_line(alert.what));
  text.body = fmt::format(
      "What happened: {}.\n"
      "Means: {} ({})\n"
      "Since: {}, {} time{}, the latest at {}\n"
      "What to do: {}\n",
      one_line(alert.what), one_line(entry.meaning), one_line(alert.entry), to_rfc3339(alert.first),
      alert.count, alert.count == 1 ? "" : "s", to_rfc3339(alert.last), one_line(entry.remedy));
  if (alert.kind == AlertKind::breaker) {
    text.body += fmt::format(
        "Nobody is suppressed as long as this lasts. Where it was an outage, what it took before "
        "is restored by\n  icloud-milterctl replies undo --pattern {} --since {} --because "
        "outage\n",
        one_line(alert.entry), to_rfc3339(alert.first));
  }
  text.body += fmt::format("More: icloud-milterctl replies show {}\n", one_line(alert.entry));
  if (!alert.replies.empty()) text.body += "\nAnswers:\n";
  for (const std::string& reply : alert.replies) text.body += "  " + one_line(reply) + "\n";
  if (may_postmaster_help(alert, entry)) text.body += letter(alert, entry, sender, addresses);
  return text;
}

Status raise_alert(ReplyBook& book, const Alert& more, std::chrono::seconds quiet) {
  Alert alert;
  {
    ICM_TRY(Query query, book.query("SELECT " ICM_ALERT_COLUMNS " FROM alert WHERE kind = ?1"
                                    " AND entry = ?2 AND subject = ?3"));
    query.bind(1, to_string(more.kind)).bind(2, more.entry).bind(3, more.subject);
    ICM_TRY(const bool is_row, query.step());
    if (is_row) alert = alert_of(query);
  }
  const bool is_new = alert.count == 0 || more.last - alert.last >= quiet;
  if (is_new) {
    const WallTime sent = alert.sent;
    alert = more;
    alert.egress.clear();
    alert.replies.clear();
    alert.count = 0;
    alert.sent = sent;
  }
  alert.what = one_line(more.what);
  alert.first = std::min(alert.first, more.first);
  alert.last = std::max(alert.last, more.last);
  alert.count += more.count;
  add_lines(alert.egress, more.egress, most_egress);
  add_lines(alert.replies, more.replies, most_replies);
  return write(book, alert);
}

Result<std::vector<Alert>> due_alerts(ReplyBook& book, WallTime now, std::chrono::seconds quiet) {
  ICM_TRY(Query query, book.query("SELECT " ICM_ALERT_COLUMNS " FROM alert WHERE last > sent"
                                  " AND (sent = 0 OR sent <= ?1) ORDER BY first, kind, entry"));
  query.bind(1, stored(now - quiet));
  return alerts_by(std::move(query));
}

Status mark_sent(ReplyBook& book, const Alert& alert, WallTime now) {
  ICM_TRY(Query query, book.query("UPDATE alert SET sent = ?4 WHERE kind = ?1 AND entry = ?2"
                                  " AND subject = ?3"));
  query.bind(1, to_string(alert.kind)).bind(2, alert.entry).bind(3, alert.subject);
  return query.bind(4, stored(now)).run();
}

Result<std::vector<Alert>> all_alerts(ReplyBook& book) {
  ICM_TRY(Query query,
          book.query("SELECT " ICM_ALERT_COLUMNS " FROM alert ORDER BY last DESC, kind, entry"));
  return alerts_by(std::move(query));
}

}  // namespace icm
