// SPDX-License-Identifier: Apache-2.0
//
// EntryFile: entries of the suppression list as files bring them: CSV (RFC 4180), ours or a mail
// service's, or one address a line. Every octet of such a file is somebody else's.
#pragma once

#include <array>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "milter/ctl/suppress_foreign.h"
#include "milter/ctl/suppress_lines.h"
#include "policy/store/suppression_book.h"

namespace icm::ctl {

enum class FileFormat {
  automatic,  // CSV when the first line names a column "address" or "email", else plain
  csv,        // a header line with column names, then one entry a line
  plain,      // one address a line; lines that begin with "# " and empty ones are comments
};

[[nodiscard]] Result<FileFormat> read_file_format(std::string_view text);

// One line's CSV fields. A quoted field must end on its line: RFC 4180 §2.6 lets it hold a line
// break, but nothing in a suppression list may. Code::syntax says what is wrong.
struct CsvField {
  std::string text;
  bool is_quoted = false;
  bool operator==(const CsvField&) const = default;
};
[[nodiscard]] Status split_csv(std::string_view line, std::vector<CsvField>& fields);

class EntryFile {
 public:
  // What a column or its field leaves open comes from `defaults`. `file` stays the caller's; `name`
  // is what errors call it.
  EntryFile(std::FILE* file, std::string name, FileFormat format, Suppression defaults)
      : lines_(file), name_(std::move(name)), format_(format), defaults_(std::move(defaults)) {}

  // Reads as far as the header line, once, before next(). An Error names the place and is about the
  // file as a whole: Code::syntax when it is none of ours, another code when it cannot be read.
  [[nodiscard]] Status begin();

  // After begin(): there is no column but the address.
  bool has_only_addresses() const { return format_ != FileFormat::csv || columns_.size() == 1; }

  // The next entry, unchecked but for its syntax; nothing at the end. Code::syntax: this line is
  // bad, as the text says (place() says where), and the call after it goes on with the next one.
  // Other codes are final.
  [[nodiscard]] Result<std::optional<Suppression>> next();

  // "list.csv:7", the line that next() has just read.
  std::string place() const { return fmt::format("{}:{}", name_, line_number_); }

 private:
  enum class Column { address, reason, scope, created, expires, source, note };

  // Whether the header line in fields_ is a mail service's; remembers which and its columns.
  bool is_foreign();
  [[nodiscard]] Result<Suppression> read_foreign_record();
  bool names_addresses(std::string_view line);
  [[nodiscard]] Status read_columns(std::string_view header);
  [[nodiscard]] Status read_header(std::string_view line);
  [[nodiscard]] Result<std::optional<Line>> next_line();
  [[nodiscard]] Result<Suppression> read_record(std::string_view line);
  [[nodiscard]] Status read_field(Column column, const CsvField& field, Suppression& entry) const;

  LineReader lines_;
  std::string name_;
  FileFormat format_;
  Suppression defaults_;
  std::vector<Column> columns_;
  std::optional<ForeignList> foreign_;  // instead of columns_
  std::vector<std::string> foreign_columns_;
  std::vector<CsvField> fields_;          // of the line at hand; kept for its memory
  std::optional<std::string> held_back_;  // a first line that turned out to be no header,
  std::string first_;                     // and where it stays while it is read
  std::uint64_t line_number_ = 0;
};

}  // namespace icm::ctl
