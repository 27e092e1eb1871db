// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/ledger_file.h"

#include <algorithm>
#include <array>
#include <utility>

#include "milter/ctl/json_record.h"
#include "milter/ctl/ledger_options.h"
#include "policy/base/text.h"

namespace icm::ctl {
namespace {

constexpr std::string_view columns_expected =
    "address, scope, consented, source, withdrawn or engaged";

Result<WallTime> read_time(std::string_view name, const Result<WallTime>& time) {
  if (!time) return fail_at(name, time.error());
  return *time;
}

}  // namespace

Result<LedgerFormat> read_ledger_format(std::string_view text) {
  if (text.empty() || text == "auto") return LedgerFormat::automatic;
  if (text == "csv") return LedgerFormat::csv;
  if (text == "json") return LedgerFormat::json;
  return fail(Code::syntax,
              fmt::format("format: expected auto, csv or json, found \"{}\"", for_log(text)));
}

std::optional<LedgerFile::Column> LedgerFile::column_named(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Column>, 7> names = {{
      {"address", Column::address},
      {"email", Column::address},
      {"scope", Column::scope},
      {"consented", Column::consented},
      {"source", Column::source},
      {"withdrawn", Column::withdrawn},
      {"engaged", Column::engaged},
  }};
  const auto named = std::ranges::find_if(
      names, [&](const auto& known) { return equal_ascii(trim(name), known.first); });
  if (named == names.end()) return std::nullopt;
  return named->second;
}

Status LedgerFile::begin() {
  ICM_CHECK(lines_.begin());
  for (;;) {
    const auto line = lines_.next();
    if (line && !*line) return {};
    if (line && trim(**line).empty()) continue;
    const Status read = line ? read_header(**line) : Status(tl::make_unexpected(line.error()));
    return read || read.error().code != Code::syntax ? read : fail_at(place(), read.error());
  }
}

Status LedgerFile::read_header(std::string_view line) {
  if (format_ == LedgerFormat::automatic) {
    format_ = trim(line).starts_with('{') ? LedgerFormat::json : LedgerFormat::csv;
  }
  if (format_ == LedgerFormat::csv) return read_columns(line);
  lines_.put_back(line);
  return {};
}

Status LedgerFile::read_columns(std::string_view header) {
  ICM_CHECK(split_csv(header, fields_));
  for (const CsvField& field : fields_) {
    const std::optional<Column> column = column_named(field.text);
    if (!column) {
      return fail(Code::syntax,
                  fmt::format("expected columns named {}, separated by commas; found \"{}\"",
                              columns_expected, for_log(trim(field.text))));
    }
    if (std::ranges::find(columns_, *column) != columns_.end()) {
      return fail(Code::syntax, fmt::format("expected each column once, found \"{}\" again",
                                            lower_ascii(trim(field.text))));
    }
    columns_.push_back(*column);
  }
  if (std::ranges::find(columns_, Column::address) != columns_.end()) return {};
  return fail(Code::syntax, "expected a column named address, found none");
}

Status LedgerFile::read_field(Column column, std::string_view text, Subscription& subscription) {
  if (trim(text).empty() && column != Column::address) return {};
  switch (column) {
    case Column::address: {
      ICM_TRY(const Mailbox mailbox, Mailbox::parse(trim(text)));
      subscription.address = mailbox.key();
      return {};
    }
    case Column::scope: {
      ICM_TRY(subscription.scope, suppression_scope(trim(text)));
      return {};
    }
    case Column::consented: {
      ICM_TRY(subscription.consented, read_time("consented", parse_time(trim(text))));
      return {};
    }
    case Column::source:
      subscription.source = text;
      return {};
    case Column::withdrawn: {
      ICM_TRY(subscription.withdrawn, read_time("withdrawn", parse_withdrawal(trim(text))));
      return {};
    }
    case Column::engaged: {
      ICM_TRY(subscription.engaged, read_time("engaged", parse_time(trim(text))));
      return {};
    }
  }
  return {};
}

Result<Subscription> LedgerFile::read_record(std::string_view line) {
  ICM_CHECK(split_csv(line, fields_));
  if (fields_.size() != columns_.size()) {  // RFC 4180 §2.4
    return fail(Code::syntax, fmt::format("expected {} columns as in the header line, found {}",
                                          columns_.size(), fields_.size()));
  }
  Subscription subscription = defaults_;
  const bool has_sources = std::ranges::find(columns_, Column::source) != columns_.end();
  if (!has_sources && subscription.source.empty()) subscription.source = origin_;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    ICM_CHECK(read_field(columns_[i], without_guard(fields_[i].text), subscription));
  }
  return subscription;
}

Result<Subscription> LedgerFile::read_object(std::string_view line) const {
  ICM_TRY(const std::vector<JsonMember> members, read_json_record(line));
  Subscription subscription = defaults_;
  const bool has_source = std::ranges::any_of(members, [](const JsonMember& member) {
    return column_named(member.name) == Column::source;
  });
  if (!has_source && subscription.source.empty()) subscription.source = origin_;
  bool has_address = false;
  for (const JsonMember& member : members) {
    const std::optional<Column> column = column_named(member.name);
    if (!column || !member.group.empty() || member.name != lower_ascii(member.name)) {
      return fail(Code::syntax, fmt::format("expected members named {}; found \"{}\"",
                                            columns_expected, for_log(member.path(), 60)));
    }
    if (member.kind == JsonMember::Kind::null) continue;
    ICM_CHECK(expect(member, JsonMember::Kind::text));
    if (*column == Column::address && std::exchange(has_address, true)) {
      return fail(Code::syntax, "expected one address, found another as email");
    }
    ICM_CHECK(read_field(*column, member.text, subscription));
  }
  if (!has_address) return fail(Code::syntax, "expected a member named address, found none");
  return subscription;
}

Result<std::optional<Subscription>> LedgerFile::next() {
  for (;;) {
    ICM_TRY(const std::optional<std::string_view> line, lines_.next());
    if (!line) return std::nullopt;
    if (trim(*line).empty()) continue;
    Result<Subscription> read =
        format_ == LedgerFormat::json ? read_object(*line) : read_record(*line);
    if (!read) return tl::make_unexpected(read.error());
    // A source of the command line goes with a consent; a line without one has none.
    const bool is_given = read->source == defaults_.source || read->source == origin_;
    if (!read->consented && is_given) read->source.clear();
    return *std::move(read);
  }
}

}  // namespace icm::ctl
