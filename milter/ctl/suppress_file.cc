// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/suppress_file.h"

#include <algorithm>

#include "milter/ctl/suppress_options.h"
#include "policy/base/text.h"

namespace icm::ctl {
namespace {

bool is_comment(std::string_view line) {
  const std::string_view text = trim(line);
  return text.empty() || text == "#" || text.starts_with("# ");
}

Error too_long() {
  return {Code::syntax, fmt::format("expected a line of at most {} octets", max_line_octets)};
}

// Reads a quoted field from behind its opening quote; gives back where it ends.
Result<std::size_t> read_quoted(std::string_view line, std::size_t at, std::string& text) {
  for (;;) {
    const std::size_t quote = line.find('"', at);
    if (quote == std::string_view::npos) {
      return fail(Code::syntax, "expected a closing quote on the same line, found none");
    }
    text += line.substr(at, quote - at);
    at = quote + 1;
    if (at == line.size() || line[at] != '"') return at;
    text += '"';  // RFC 4180 §2.7: two quotes stand for one
    ++at;
  }
}

}  // namespace

Result<FileFormat> read_file_format(std::string_view text) {
  if (text.empty() || text == "auto") return FileFormat::automatic;
  if (text == "csv") return FileFormat::csv;
  if (text == "plain") return FileFormat::plain;
  return fail(Code::syntax,
              fmt::format("format: expected auto, csv or plain, found \"{}\"", for_log(text)));
}

Status split_csv(std::string_view line, std::vector<CsvField>& fields) {
  std::size_t count = 0;
  for (std::size_t at = 0;; ++at) {
    if (fields.size() == count) fields.emplace_back();
    CsvField& field = fields[count++];
    field.text.clear();
    field.is_quoted = at < line.size() && line[at] == '"';
    if (field.is_quoted) {
      ICM_TRY(at, read_quoted(line, at + 1, field.text));
      if (at < line.size() && line[at] != ',') {
        return fail(Code::syntax,
                    fmt::format("expected a comma after the closing quote of column {}, "
                                "found \"{}\"",
                                count, for_log(line.substr(at, 1))));
      }
    } else {
      const std::size_t end = std::min(line.find(',', at), line.size());
      field.text = line.substr(at, end - at);
      at = end;
      if (field.text.find('"') != std::string::npos) {  // RFC 4180 §2.5
        return fail(Code::syntax,
                    fmt::format("expected quotes around the whole of column {}, found one "
                                "inside",
                                count));
      }
    }
    if (at == line.size()) break;
  }
  fields.resize(count);
  return {};
}

Result<std::optional<Line>> EntryFile::next_line() {
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
    return equal_ascii(trim(field.text), "address") || equal_ascii(trim(field.text), "email");
  });
}

Status EntryFile::begin() {
  const Status is_text = skip_byte_order_mark(lines_);
  if (!is_text) return fail_at(name_, is_text.error());
  if (format_ == FileFormat::plain) return {};
  ICM_TRY(std::optional<Line> line, next_line());
  while (line && !line->is_too_long && is_comment(line->text)) {
    ICM_TRY(line, next_line());
  }
  if (!line) return {};
  if (line->is_too_long) return fail_at(place(), too_long());
  if (format_ == FileFormat::csv || names_addresses(line->text)) return read_header(line->text);
  format_ = FileFormat::plain;
  held_back_ = line->text;
  return {};
}

Status EntryFile::read_header(std::string_view line) {
  format_ = FileFormat::csv;
  const Status read = read_columns(line);
  return read ? read : fail_at(place(), read.error());
}

Status EntryFile::read_columns(std::string_view header) {
  constexpr std::array<std::pair<std::string_view, Column>, 8> names = {{
      {"address", Column::address},
      {"email", Column::address},
      {"reason", Column::reason},
      {"scope", Column::scope},
      {"created", Column::created},
      {"expires", Column::expires},
      {"source", Column::source},
      {"note", Column::note},
  }};
  ICM_CHECK(split_csv(header, fields_));
  if (is_foreign()) return {};
  for (const CsvField& field : fields_) {
    const auto named = std::ranges::find_if(
        names, [&](const auto& name) { return equal_ascii(trim(field.text), name.first); });
    if (named == names.end()) {
      return fail(Code::syntax,
                  fmt::format("expected columns named address, reason, scope, created, "
                              "expires, source or note, separated by commas; found \"{}\"",
                              for_log(trim(field.text))));
    }
    if (std::ranges::find(columns_, named->second) != columns_.end()) {
      return fail(Code::syntax,
                  fmt::format("expected each column once, found \"{}\" again", named->first));
    }
    columns_.push_back(named->second);
  }
  if (std::ranges::find(columns_, Column::address) != columns_.end()) return {};
  return fail(Code::syntax, "expected a column named address, found none");
}

Status EntryFile::read_field(Column column, const CsvField& field, Suppression& entry) const {
  const std::string_view text = trim(field.text);
  if (text.empty() && column != Column::address) return {};
  switch (column) {
    case Column::address: {
      ICM_TRY(const Mailbox mailbox, Mailbox::parse(text));
      entry.address = mailbox.key();
      return {};
    }
    case Column::reason: {
      ICM_TRY(entry.reason, read_reason(text));
      return {};
    }
    case Column::scope: {
      ICM_TRY(entry.scope, suppression_scope(text));
      return {};
    }
    case Column::created: {
      const Result<WallTime> created = read_foreign_time(text);
      if (!created) return fail_at("created", created.error());
      entry.created = *created;
      return {};
    }
    case Column::expires: {
      const Result<WallTime> expires = parse_time(text);
      if (!expires) return fail_at("expires", expires.error());
      entry.expires = *expires;
      return {};
    }
    case Column::source:
      entry.source = field.text;
      return {};
    case Column::note:
      entry.note = field.text;
      return {};
  }
  return {};
}

Result<Suppression> EntryFile::read_foreign_record() {
  std::vector<std::string> texts;
  for (const CsvField& field : fields_) texts.push_back(field.text);
  Suppression entry = defaults_;
  ICM_CHECK(read_foreign(*foreign_, foreign_columns_, texts, entry));
  return entry;
}

Result<Suppression> EntryFile::read_record(std::string_view line) {
  ICM_CHECK(split_csv(line, fields_));
  const std::size_t expected = foreign_ ? foreign_columns_.size() : columns_.size();
  if (fields_.size() != expected) {  // RFC 4180 §2.4
    return fail(Code::syntax, fmt::format("expected {} columns as in the header line, found {}",
                                          expected, fields_.size()));
  }
  if (foreign_) return read_foreign_record();
  Suppression entry = defaults_;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    ICM_CHECK(read_field(columns_[i], fields_[i], entry));
  }
  return entry;
}

Result<std::optional<Suppression>> EntryFile::next() {
  for (;;) {
    ICM_TRY(const std::optional<Line> line, next_line());
    if (!line) return std::nullopt;
    if (line->is_too_long) {
      return tl::make_unexpected(too_long());
    }
    if (format_ == FileFormat::csv ? line->text.empty() : is_comment(line->text)) continue;
    if (format_ == FileFormat::csv) {
      ICM_TRY(Suppression entry, read_record(line->text));
      return entry;
    }
    const Result<Mailbox> mailbox = Mailbox::parse(trim(line->text));
    if (!mailbox) return tl::make_unexpected(mailbox.error());
    Suppression entry = defaults_;
    entry.address = mailbox->key();
    return entry;
  }
}

}  // namespace icm::ctl
