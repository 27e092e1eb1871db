// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/ledger_file.h"

#include <algorithm>
#include <array>
#include <set>

#include <nlohmann/json.hpp>

#include "milter/ctl/ledger_options.h"
#include "policy/base/text.h"

namespace icm::ctl {
namespace {

constexpr std::string_view columns_expected =
    "address, scope, consented, source, withdrawn or engaged";

Error too_long() {
  return {Code::syntax, fmt::format("expected a line of at most {} octets", max_line_octets)};
}

Result<WallTime> read_time(std::string_view name, const Result<WallTime>& time) {
  if (!time) return fail_at(name, time.error());
  return *time;
}

// A flat object; of two members with one name no reader knows which one was meant.
Result<nlohmann::json> parse_object(std::string_view line) {
  std::set<std::string> names;
  std::string repeated;
  const auto look = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& value) {
    if (event == nlohmann::json::parse_event_t::key && depth == 1 &&
        !names.insert(value.get<std::string>()).second) {
      repeated = value.get<std::string>();
    }
    return true;
  };
  nlohmann::json object =
      nlohmann::json::parse(line.begin(), line.end(), look, /*allow_exceptions=*/false);
  if (!object.is_object()) return fail(Code::syntax, "expected one JSON object");
  if (!repeated.empty()) {
    return fail(Code::syntax,
                fmt::format("expected each member once, found \"{}\" again", for_log(repeated)));
  }
  return object;
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

Result<std::optional<Line>> LedgerFile::next_line() {
  if (held_back_) {
    first_ = *std::move(held_back_);
    held_back_.reset();
    return Line{.number = line_number_, .text = first_, .is_too_long = false};
  }
  const Result<std::optional<Line>> read = lines_.next();
  if (!read) return fail_at(name_, read.error());
  const std::optional<Line>& line = *read;
  if (line) line_number_ = line->number;
  return line;
}

Status LedgerFile::begin() {
  const Status is_text = skip_byte_order_mark(lines_);
  if (!is_text) return fail_at(name_, is_text.error());
  ICM_TRY(std::optional<Line> line, next_line());
  while (line && !line->is_too_long && trim(line->text).empty()) {
    ICM_TRY(line, next_line());
  }
  if (!line) return {};
  if (line->is_too_long) return fail_at(place(), too_long());
  if (format_ == LedgerFormat::automatic) {
    format_ = trim(line->text).starts_with('{') ? LedgerFormat::json : LedgerFormat::csv;
  }
  if (format_ == LedgerFormat::json) {
    held_back_ = line->text;
    return {};
  }
  const Status read = read_columns(line->text);
  return read ? read : fail_at(place(), read.error());
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
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    ICM_CHECK(read_field(columns_[i], fields_[i].text, subscription));
  }
  return subscription;
}

Result<Subscription> LedgerFile::read_object(std::string_view line) const {
  ICM_TRY(const nlohmann::json object, parse_object(line));
  Subscription subscription = defaults_;
  bool has_address = false;
  for (const auto& [name, value] : object.items()) {
    const std::optional<Column> column = column_named(name);
    if (!column) {
      return fail(Code::syntax, fmt::format("expected members named {}; found \"{}\"",
                                            columns_expected, for_log(name)));
    }
    if (value.is_null()) continue;
    if (!value.is_string()) {
      return fail(Code::syntax, fmt::format("{}: expected a string or null, found {}",
                                            for_log(name), value.type_name()));
    }
    has_address = has_address || *column == Column::address;
    ICM_CHECK(read_field(*column, value.get_ref<const std::string&>(), subscription));
  }
  if (!has_address) return fail(Code::syntax, "expected a member named address, found none");
  return subscription;
}

Result<std::optional<Subscription>> LedgerFile::next() {
  for (;;) {
    ICM_TRY(const std::optional<Line> line, next_line());
    if (!line) return std::nullopt;
    if (line->is_too_long) return tl::make_unexpected(too_long());
    if (trim(line->text).empty()) continue;
    Result<Subscription> read =
        format_ == LedgerFormat::json ? read_object(line->text) : read_record(line->text);
    if (!read) return tl::make_unexpected(read.error());
    // A source of the command line goes with a consent; a line without one has none.
    if (!read->consented && read->source == defaults_.source) read->source.clear();
    return *std::move(read);
  }
}

}  // namespace icm::ctl
