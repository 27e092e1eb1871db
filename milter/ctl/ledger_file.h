// SPDX-License-Identifier: Apache-2.0
//
// LedgerFile: subscriptions as files bring them: CSV (RFC 4180) or one JSON object a line. Every
// octet of such a file is somebody else's.
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "milter/ctl/csv.h"
#include "milter/ctl/record_lines.h"
#include "policy/store/ledger.h"

namespace icm::ctl {

enum class LedgerFormat {
  automatic,  // JSON when the first line begins with "{", else CSV
  csv,        // a header line with column names, then one subscription a line
  json,       // one object a line, its members named as the columns
};

[[nodiscard]] Result<LedgerFormat> read_ledger_format(std::string_view text);

class LedgerFile {
 public:
  // What a line leaves open comes from `defaults`. A consent of a file that has no sources, and for
  // which `defaults` has none either, came by `origin`; one whose source is said to be empty has
  // none. `file` stays the caller's; `name` is what errors call it.
  LedgerFile(std::FILE* file, std::string name, LedgerFormat format, Subscription defaults,
             std::string origin)
      : lines_(file, std::move(name)),
        format_(format),
        defaults_(std::move(defaults)),
        origin_(std::move(origin)) {}

  // Reads as far as the header line, once, before next(). An Error names the place and is about the
  // file as a whole: Code::syntax when it is none of ours, another code when it cannot be read.
  [[nodiscard]] Status begin();

  // The next subscription, unchecked but for its syntax; nothing at the end. Code::syntax: this
  // line is bad, as the text says (place() says where), and the call after it goes on with the next
  // one. Other codes are final.
  [[nodiscard]] Result<std::optional<Subscription>> next();

  // "list.csv:7", the line that next() has just read.
  std::string place() const { return lines_.place(); }

 private:
  enum class Column { address, scope, consented, source, withdrawn, engaged };

  static std::optional<Column> column_named(std::string_view name);
  [[nodiscard]] Status read_header(std::string_view line);
  [[nodiscard]] Status read_columns(std::string_view header);
  [[nodiscard]] Result<Subscription> read_record(std::string_view line);
  [[nodiscard]] Result<Subscription> read_object(std::string_view line) const;
  [[nodiscard]] static Status read_field(Column column, std::string_view text,
                                         Subscription& subscription);

  RecordLines lines_;
  LedgerFormat format_;
  Subscription defaults_;
  std::string origin_;
  std::vector<Column> columns_;
  std::vector<CsvField> fields_;  // of the line at hand; kept for its memory
};

}  // namespace icm::ctl
