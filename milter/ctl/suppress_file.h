// SPDX-License-Identifier: Apache-2.0
//
// EntryFile: entries of the suppression list as files bring them: CSV (RFC 4180), ours or a mail
// service's, JSON lines, or one address a line. Every octet of such a file is somebody else's.
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "milter/ctl/csv.h"
#include "milter/ctl/record_lines.h"
#include "milter/ctl/suppress_fields.h"
#include "milter/ctl/suppress_foreign.h"
#include "policy/store/suppression_book.h"

namespace icm::ctl {

enum class FileFormat {
  automatic,  // by the first line: a JSON object, columns with "address" or "email", else plain
  csv,        // a header line with column names, then one entry a line
  json,       // an object a line, its members named as the columns, those of evidence below it
  plain,      // one address a line; lines that begin with "# " and empty ones are comments
};

[[nodiscard]] Result<FileFormat> read_file_format(std::string_view text);

class EntryFile {
 public:
  // What a column or its field leaves open comes from `defaults`. `file` stays the caller's; `name`
  // is what errors call it. With `hashed` its addresses are the digits of such a hash.
  EntryFile(std::FILE* file, std::string name, FileFormat format, Suppression defaults,
            std::optional<AddressHash> hashed = {})
      : lines_(file, std::move(name)),
        format_(format),
        defaults_(std::move(defaults)),
        hashed_(hashed) {}

  // Reads as far as the header line, once, before next(). An Error names the place and is about the
  // file as a whole: Code::syntax when it is none of ours, another code when it cannot be read.
  [[nodiscard]] Status begin();

  // After begin(): there is nothing but addresses.
  bool has_only_addresses() const;

  // After begin(): whether its lines alone say why (a mail service's list), never say it (no such
  // column, but one of when, as in lists of mail services), or may.
  enum class Reasons { always, never, as_it_may_be };
  Reasons reasons() const;

  // The next entry, unchecked but for its syntax; nothing at the end. Code::syntax: this line is
  // bad, as the text says (place() says where), and the call after it goes on with the next one.
  // Other codes are final.
  [[nodiscard]] Result<std::optional<Suppression>> next();

  // "list.csv:7", the line that next() has just read.
  std::string place() const { return lines_.place(); }

 private:
  // Whether the header line in fields_ is a mail service's; remembers which and its columns.
  bool is_foreign();
  bool names_addresses(std::string_view line);
  FileFormat format_of(std::string_view line);
  [[nodiscard]] Status read_columns(std::string_view header);
  bool is_skipped(std::string_view line) const;
  [[nodiscard]] Result<Suppression> read_line(std::string_view line);
  [[nodiscard]] Result<Suppression> read_row(std::string_view line);
  [[nodiscard]] Result<Suppression> read_foreign_row() const;
  [[nodiscard]] Result<Suppression> read_object(std::string_view line) const;

  RecordLines lines_;
  FileFormat format_;
  Suppression defaults_;
  std::optional<AddressHash> hashed_;
  std::vector<EntryField> columns_;
  bool has_created_at_ = false;
  std::optional<ForeignList> foreign_;  // instead of columns_
  std::vector<std::string> foreign_columns_;
  std::vector<CsvField> fields_;  // of the line at hand; kept for its memory
};

}  // namespace icm::ctl
