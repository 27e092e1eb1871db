// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/suppress_foreign.h"

#include <algorithm>
#include <array>

#include "policy/base/text.h"

namespace icm::ctl {
namespace {

constexpr std::size_t note_shown = 900;  // octets; a note has room for 1000

struct Shape {
  ForeignList list;
  std::vector<std::string_view> columns;
};

// The ones with more columns first: a list of Mailgun's complaints has no column of its own.
const std::array<Shape, 6>& shapes() {
  static const std::array<Shape, 6> all = {{
      {ForeignList::postmark, {"emailaddress", "suppressionreason", "origin", "createdat"}},
      {ForeignList::sendgrid_bounces, {"status", "reason", "email", "created"}},
      {ForeignList::mailgun_bounces, {"address", "code", "error", "created_at"}},
      {ForeignList::ses, {"emailaddress", "reason", "lastupdatetime"}},
      {ForeignList::mailgun_unsubscribes, {"address", "tags", "created_at"}},
      {ForeignList::mailgun_complaints, {"address", "created_at"}},
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
  return for_log(note + std::string(second), note_shown);
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

// RFC 3463 §2: a class other than 5 is no lasting failure, and no reason to give an address up.
Status read_sendgrid(const Row& row, Suppression& entry) {
  const std::string_view status = row["status"];
  if (!status.starts_with('5')) return odd("status", "5.x.x, a lasting failure", status);
  entry.reason = SuppressionReason::hard_bounce;
  entry.note = note_of(row["reason"], {});
  ICM_CHECK(row.read_time("created", entry));
  return row.read_address("email", entry);
}

Status read_mailgun_bounce(const Row& row, Suppression& entry) {
  const std::string_view code = row["code"];
  if (code.size() != 3 || code[0] != '5') return odd("code", "5xx, a lasting failure", code);
  entry.reason = SuppressionReason::hard_bounce;
  entry.note = note_of(code, row["error"]);
  ICM_CHECK(row.read_time("created_at", entry));
  return row.read_address("address", entry);
}

// A tag is a name of Mailgun's for a part of the mail; which stream of ours that is, nobody knows.
Status read_mailgun_unsubscribe(const Row& row, Suppression& entry) {
  const std::string_view tags = row["tags"];
  if (tags != "*" && entry.scope == "global") {
    return odd("tags", "* (all mail), or --scope on the command line", tags);
  }
  entry.reason = SuppressionReason::unsubscribe;
  ICM_CHECK(row.read_time("created_at", entry));
  return row.read_address("address", entry);
}

Status read_mailgun_complaint(const Row& row, Suppression& entry) {
  entry.reason = SuppressionReason::complaint;
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
    case ForeignList::mailgun_complaints:
      return read_mailgun_complaint(row, entry);
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
