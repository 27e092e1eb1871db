// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/suppress_file.h"

#include <algorithm>

#include "milter/ctl/json_record.h"
#include "policy/base/text.h"

namespace icm::ctl {
namespace {

bool is_comment(std::string_view line) {
  const std::string_view text = trim(line);
  return text.empty() || text == "#" || text.starts_with("# ");
}

// As mail services and other programs call them, too.
std::optional<EntryField> column_named(std::string_view name) {
  const std::string lower = lower_ascii(trim(name));
  if (lower == "email") return EntryField::address;
  if (lower == "created_at") return EntryField::created;
  return entry_field(lower);
}

// Titles that nobody here knows; no address has a comma, and none is without an "@".
bool is_other_header(std::string_view line) {
  return line.find(',') != std::string_view::npos && line.find('@') == std::string_view::npos;
}

// A field that is left open.
bool is_open(EntryField column, std::string_view text) {
  switch (column) {
    case EntryField::address:
      return false;
    case EntryField::source:
    case EntryField::note:
    case EntryField::pattern:
    case EntryField::reply:
    case EntryField::queue_id:
      return text.empty();  // blanks are text
    case EntryField::reason:
    case EntryField::scope:
    case EntryField::created:
    case EntryField::expires:
    case EntryField::confirmed:
    case EntryField::first_seen:
    case EntryField::last_seen:
    case EntryField::count:
      return trim(text).empty();
  }
  return false;
}

}  // namespace

Result<FileFormat> read_file_format(std::string_view text) {
  if (text.empty() || text == "auto") return FileFormat::automatic;
  if (text == "csv") return FileFormat::csv;
  if (text == "json") return FileFormat::json;
  if (text == "plain") return FileFormat::plain;
  return fail(Code::syntax, fmt::format("format: expected auto, csv, json or plain, found \"{}\"",
                                        for_log(text)));
}

bool EntryFile::has_only_addresses() const {
  switch (format_) {
    case FileFormat::csv:
      return columns_.size() == 1;
    case FileFormat::json:
      return false;
    case FileFormat::automatic:
    case FileFormat::plain:
      return true;
  }
  return true;
}

EntryFile::Reasons EntryFile::reasons() const {
  if (foreign_) return Reasons::always;
  const auto has = [&](EntryField field) {
    return std::ranges::find(columns_, field) != columns_.end();
  };
  // When somebody was put on a list, but not why: mail services have such lists of several kinds.
  const bool is_dated = has_created_at_ || has(EntryField::created);
  return is_dated && !has(EntryField::reason) ? Reasons::never : Reasons::as_it_may_be;
}

bool EntryFile::is_foreign() {
  foreign_columns_.clear();
  for (const CsvField& field : fields_) foreign_columns_.emplace_back(trim(field.text));
  foreign_ = foreign_list(foreign_columns_);
  return foreign_.has_value();
}

bool EntryFile::names_addresses(std::string_view line) {
  if (!split_csv(line, fields_)) return false;
  if (is_foreign()) return true;
  return std::ranges::any_of(fields_, [](const CsvField& field) {
    return column_named(field.text) == EntryField::address;
  });
}

FileFormat EntryFile::format_of(std::string_view line) {
  // An address may begin with a brace (RFC 5322 §3.2.3), but not go on so.
  if (line.starts_with('{')) {
    const std::string_view behind = trim(line.substr(1));
    if (behind.starts_with('"') || behind.starts_with('}')) return FileFormat::json;
  }
  return names_addresses(line) ? FileFormat::csv : FileFormat::plain;
}

Status EntryFile::begin() {
  ICM_CHECK(lines_.begin());
  if (format_ == FileFormat::plain) return {};
  for (;;) {
    const auto line = lines_.next();
    if (!line) {
      return line.error().code == Code::syntax ? fail_at(place(), line.error())
                                               : tl::make_unexpected(line.error());
    }
    if (!*line) return {};
    if (is_comment(**line)) continue;
    if (format_ == FileFormat::automatic) format_ = format_of(trim(**line));
    if (format_ == FileFormat::plain && is_other_header(**line)) {
      return fail(
          Code::syntax,
          fmt::format("{}: expected one address on each line, or a header line with a column "
                      "named address such as \"address,reason\", found \"{}\"",
                      place(), for_log(trim(**line))));
    }
    if (format_ != FileFormat::csv) {
      lines_.put_back(**line);
      return {};
    }
    const Status read = read_columns(**line);
    return read ? read : fail_at(place(), read.error());
  }
}

Status EntryFile::read_columns(std::string_view header) {
  ICM_CHECK(split_csv(header, fields_));
  if (is_foreign()) {
    if (!hashed_) return {};
    return fail(Code::syntax, "expected no --hashed, since these services export addresses");
  }
  for (const CsvField& field : fields_) {
    const std::optional<EntryField> column = column_named(field.text);
    if (!column) {
      return fail(Code::syntax,
                  fmt::format("expected columns named address, reason, scope, created, expires, "
                              "source, note, confirmed, pattern, reply, queue_id, first_seen, "
                              "last_seen or count, separated by commas; found \"{}\"",
                              for_log(trim(field.text))));
    }
    if (std::ranges::find(columns_, *column) != columns_.end()) {
      return fail(Code::syntax, fmt::format("expected each column once, found \"{}\" again",
                                            lower_ascii(trim(field.text))));
    }
    if (equal_ascii(trim(field.text), "created_at")) has_created_at_ = true;
    columns_.push_back(*column);
  }
  if (std::ranges::find(columns_, EntryField::address) != columns_.end()) return {};
  return fail(Code::syntax, "expected a column named address, found none");
}

Result<Suppression> EntryFile::read_foreign_row() const {
  std::vector<std::string> texts;
  for (const CsvField& field : fields_) texts.push_back(field.text);
  Suppression entry = defaults_;
  ICM_CHECK(read_foreign(*foreign_, foreign_columns_, texts, entry));
  ICM_CHECK(check_has_come(entry));
  return entry;
}

Result<Suppression> EntryFile::read_row(std::string_view line) {
  ICM_CHECK(split_csv(line, fields_));
  const std::size_t expected = foreign_ ? foreign_columns_.size() : columns_.size();
  if (fields_.size() != expected) {  // RFC 4180 §2.4
    return fail(Code::syntax, fmt::format("expected {} columns as in the header line, found {}",
                                          expected, fields_.size()));
  }
  if (foreign_) return read_foreign_row();
  EntryFields entry(defaults_, hashed_);
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (is_open(columns_[i], fields_[i].text)) continue;
    ICM_CHECK(entry.set(columns_[i], without_guard(fields_[i].text)));
  }
  return std::move(entry).finish();
}

Result<Suppression> EntryFile::read_object(std::string_view line) const {
  ICM_TRY(const std::vector<JsonMember> members, read_json_record(line));
  EntryFields entry(defaults_, hashed_);
  for (const JsonMember& member : members) {
    const bool is_null = member.kind == JsonMember::Kind::null;
    if (member.path() == "evidence" && member.group.empty()) {
      if (is_null) continue;
      ICM_CHECK(expect(member, JsonMember::Kind::object));
      entry.expect_evidence();
      continue;
    }
    const std::optional<EntryField> field = entry_field(member.name);
    if (!field || is_of_evidence(*field) != (member.group == "evidence")) {
      return fail(Code::syntax,
                  fmt::format("expected members named address, reason, scope, created, expires, "
                              "source, note, confirmed and evidence, and in this one pattern, "
                              "reply, queue_id, first_seen, last_seen and count; found \"{}\"",
                              for_log(member.path(), 60)));
    }
    if (is_null) continue;
    if (*field == EntryField::count) {
      ICM_CHECK(expect(member, JsonMember::Kind::number));
      entry.set_count(member.number);
    } else {
      ICM_CHECK(expect(member, JsonMember::Kind::text));
      // Every entry has a source: where there is none it is left open, as in CSV.
      if (*field == EntryField::source && member.text.empty()) continue;
      ICM_CHECK(entry.set(*field, member.text));
    }
  }
  if (entry.has(EntryField::address)) return std::move(entry).finish();
  return fail(Code::syntax, "expected a member named address, found none");
}

Result<Suppression> EntryFile::read_line(std::string_view line) {
  if (format_ == FileFormat::csv) return read_row(line);
  if (format_ == FileFormat::json) return read_object(line);
  EntryFields entry(defaults_, hashed_);
  ICM_CHECK(entry.set(EntryField::address, line));
  return std::move(entry).finish();
}

bool EntryFile::is_skipped(std::string_view line) const {
  return format_ == FileFormat::plain ? is_comment(line) : trim(line).empty();
}

Result<std::optional<Suppression>> EntryFile::next() {
  for (;;) {
    ICM_TRY(const std::optional<std::string_view> line, lines_.next());
    if (!line) return std::nullopt;
    if (is_skipped(*line)) continue;
    ICM_TRY(Suppression entry, read_line(*line));
    return entry;
  }
}

}  // namespace icm::ctl
