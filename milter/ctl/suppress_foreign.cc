// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/suppress_foreign.h"

#include <algorithm>
#include <array>

#include "policy/base/text.h"
#include "policy/store/stored_text.h"

namespace icm::ctl {
namespace {

constexpr std::size_t note_room = 1000;  // octets

struct Shape {
  ForeignList list;
  std::vector<std::string_view> columns;
};

// Mailgun's list of complaints is not among them: address and created_at, which is all that it has,
// may be the columns of anybody's list.
const std::array<Shape, 5>& shapes() {
  static const std::array<Shape, 5> all = {{
      {ForeignList::postmark, {"emailaddress", "suppressionreason", "origin", "createdat"}},
      {ForeignList::sendgrid_bounces, {"status", "reason", "email", "created"}},
      {ForeignList::mailgun_bounces, {"address", "code", "error", "created_at"}},
      {ForeignList::ses, {"emailaddress", "reason", "lastupdatetime"}},
      {ForeignList::mailgun_unsubscribes, {"address", "tags", "created_at"}},
  }};
  return all;
}

bool has(const std::vector<std::string>& columns, std::string_view name) {
  return std::ranges::any_of(columns,
                             [&](const std::string& column) { return equal_ascii(column, name); });
}

tl::unexpected<Error> odd(std::string_view column, std::string_view expected,
                          std::string_view found) {
  return fail(Code::syntax, fmt::format("column {}: expected {}, found \"{}\"", column, expected,
                                        for_log(found, 60)));
}

// A row by the names of its columns.
class Row {
 public:
  Row(const std::vector<std::string>& columns, const std::vector<std::string>& fields)
      : columns_(columns), fields_(fields) {}

  std::string_view operator[](std::string_view name) const {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (equal_ascii(columns_[i], name)) return trim(fields_[i]);
    }
    return {};
  }

  Status read_address(std::string_view column, Suppression& entry) const {
    const Result<Mailbox> mailbox = Mailbox::parse((*this)[column]);
    if (!mailbox) return fail_at(fmt::format("column {}", column), mailbox.error());
    entry.address = mailbox->key();
    return {};
  }

  Status read_time(std::string_view column, Suppression& entry) const {
    const std::string_view text = (*this)[column];
    if (text.empty()) return {};
    const Result<WallTime> time = read_foreign_time(text);
    if (!time) return odd(column, "a time", text);
    entry.created = *time;
    return {};
  }

 private:
  const std::vector<std::string>& columns_;
  const std::vector<std::string>& fields_;
};

// What is cut or cleaned here is somebody else's text.
std::string note_of(std::string_view first, std::string_view second) {
  std::string note(first);
  if (!note.empty() && !second.empty()) note += ' ';
  return for_store(note + std::string(second), note_room);
}

Status read_ses(const Row& row, Suppression& entry) {
  const std::string_view reason = row["reason"];
  if (equal_ascii(reason, "BOUNCE")) {
    entry.reason = SuppressionReason::hard_bounce;
  } else if (equal_ascii(reason, "COMPLAINT")) {
    entry.reason = SuppressionReason::complaint;
  } else {
    return odd("Reason", "BOUNCE or COMPLAINT", reason);
  }
  ICM_CHECK(row.read_time("LastUpdateTime", entry));
  return row.read_address("EmailAddress", entry);
}

// The first enhanced status code in a text (RFC 3463 §2), as a server writes it behind its reply
// code; empty when there is none.
std::string_view status_in(std::string_view text) {
  for (const std::string_view word : split(text, ' ')) {
    std::string_view status = word.substr(0, word.find_first_not_of("0123456789."));
    if (status.size() < 4 && word.find('-') != std::string_view::npos) {  // "550-5.1.1"
      status = word.substr(word.find('-') + 1);
    }
    const std::vector<std::string_view> parts = split(status, '.');
    const bool is_status = parts.size() == 3 && parts[0].size() == 1 &&
                           std::ranges::all_of(parts, [](std::string_view part) {
                             return parse_number(part).has_value() && part.size() <= 3;
                           });
    if (is_status) return status;
  }
  return {};
}

// Whether a status says of the recipient's address that it is none, for good (RFC 3463 §3.2,
// RFC 7505 §4). Any other says something of the message, its sender, a full mailbox or the day; it
// is no reason to give an address up.
bool says_no_such_address(std::string_view status) {
  constexpr std::array<std::string_view, 5> all = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"};
  return std::ranges::find(all, status) != all.end();
}

constexpr std::string_view no_such_address =
    "5.1.1, 5.1.2, 5.1.3, 5.1.6 or 5.1.10 (there is no such address)";

Status read_sendgrid(const Row& row, Suppression& entry) {
  const std::string_view status = row["status"];
  if (!says_no_such_address(status)) return odd("status", no_such_address, status);
  entry.reason = SuppressionReason::hard_bounce;
  entry.note = note_of(row["reason"], {});
  ICM_CHECK(row.read_time("created", entry));
  return row.read_address("email", entry);
}

Status read_mailgun_bounce(const Row& row, Suppression& entry) {
  const std::string_view code = row["code"];
  const std::string_view error = row["error"];
  if (code.size() != 3 || code[0] != '5') return odd("code", "5xx, a lasting failure", code);
  if (!says_no_such_address(status_in(error))) return odd("error", no_such_address, error);
  entry.reason = SuppressionReason::hard_bounce;
  entry.note = note_of(code, error);
  ICM_CHECK(row.read_time("created_at", entry));
  return row.read_address("address", entry);
}

// A tag is a name of Mailgun's for a part of the mail; which stream of ours that is, --scope says.
// Who left all mail has left all of it, whatever stands there.
Status read_mailgun_unsubscribe(const Row& row, Suppression& entry) {
  const std::string_view tags = row["tags"];
  if (tags == "*") {
    entry.scope = "global";
  } else if (entry.scope == "global") {
    return odd("tags", "* (all mail), or --scope on the command line", tags);
  }
  entry.reason = SuppressionReason::unsubscribe;
  ICM_CHECK(row.read_time("created_at", entry));
  return row.read_address("address", entry);
}

Status read_postmark(const Row& row, Suppression& entry) {
  const std::string_view reason = row["SuppressionReason"];
  if (equal_ascii(reason, "HardBounce")) {
    entry.reason = SuppressionReason::hard_bounce;
  } else if (equal_ascii(reason, "SpamComplaint")) {
    entry.reason = SuppressionReason::complaint;
  } else if (equal_ascii(reason, "ManualSuppression")) {
    entry.reason = equal_ascii(row["Origin"], "Recipient") ? SuppressionReason::unsubscribe
                                                           : SuppressionReason::manual;
  } else {
    return odd("SuppressionReason", "HardBounce, SpamComplaint or ManualSuppression", reason);
  }
  ICM_CHECK(row.read_time("CreatedAt", entry));
  return row.read_address("EmailAddress", entry);
}

// "Sat, 21 Nov 2026 08:15:30 UTC" as RFC 3339; anything else as it is.
std::string with_numbers(std::string_view text) {
  constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::vector<std::string_view> words = split(text, ' ');
  if (words.size() != 6 || words[1].empty() || words[1].size() > 2) return std::string(text);
  const auto month = std::ranges::find(months, words[2]);
  const bool is_utc = words[5] == "UTC" || words[5] == "GMT" || words[5] == "+0000";
  if (month == months.end() || !is_utc) return std::string(text);
  return fmt::format("{}-{:02}-{}{}T{}Z", words[3], month - months.begin() + 1,
                     words[1].size() == 1 ? "0" : "", words[1], words[4]);
}

}  // namespace

std::optional<ForeignList> foreign_list(const std::vector<std::string>& columns) {
  for (const Shape& shape : shapes()) {
    const bool fits = std::ranges::all_of(
        shape.columns, [&](std::string_view name) { return has(columns, name); });
    if (fits) return shape.list;
  }
  return std::nullopt;
}

Status read_foreign(ForeignList list, const std::vector<std::string>& columns,
                    const std::vector<std::string>& fields, Suppression& entry) {
  const Row row(columns, fields);
  switch (list) {
    case ForeignList::ses:
      return read_ses(row, entry);
    case ForeignList::sendgrid_bounces:
      return read_sendgrid(row, entry);
    case ForeignList::mailgun_bounces:
      return read_mailgun_bounce(row, entry);
    case ForeignList::mailgun_unsubscribes:
      return read_mailgun_unsubscribe(row, entry);
    case ForeignList::postmark:
      return read_postmark(row, entry);
  }
  return {};
}

Result<WallTime> read_foreign_time(std::string_view text) {
  if (!text.empty() && std::ranges::all_of(text, is_digit)) {
    return parse_time("@" + std::string(text));
  }
  std::string time = with_numbers(text);
  if (time.ends_with(" UTC")) time.resize(time.size() - 4);
  if (time.size() == 19 && time[10] == ' ') {
    time[10] = 'T';
    time += 'Z';
  }
  return parse_time(time);
}

}  // namespace icm::ctl
