// SPDX-License-Identifier: Apache-2.0
//
// How entries of the suppression list are printed: for people, for programs, and for another
// import.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "policy/store/suppression_book.h"

namespace icm::ctl {

// Standard output in large pieces, with its errors noticed: an export that was cut short by a full
// disk must not look complete.
class Printer {
 public:
  void add(std::string_view text) {
    pending_ += text;
    if (pending_.size() >= piece) write();
  }

  // Writes what is left. Code::temporary says why not all of it could be written.
  [[nodiscard]] Status finish();

 private:
  static constexpr std::size_t piece = 64 * 1024;
  void write();
  std::string pending_;
  int error_ = 0;  // the first one; what comes after it is dropped
};

// "2026-11-21T08:00:00Z", with the fraction of a second only when there is one.
std::string show_time(WallTime time);

// "unsubscribe, global, since 2026-11-21T08:00:00Z, until …"
std::string one_line(const Suppression& entry);

// RFC 4180, in the columns that an import reads: the header line, and one entry's line, each with
// its CRLF (§2).
std::string_view csv_header();
std::string csv_line(const Suppression& entry);

// One JSON object without line break.
std::string json_line(const Suppression& entry);
std::string json_line(const ImportRecord& record);

// What `show` prints of one address, for people and as one JSON object with its line break.
// `siblings` are entries of other addresses that hold for this one too.
struct AddressReport {
  std::string address;
  std::vector<Recorded> standing;
  std::vector<Recorded> siblings;
  std::vector<Recorded> past;
};
std::string report_text(const AddressReport& report, WallTime now);
std::string report_json(const AddressReport& report, WallTime now);

}  // namespace icm::ctl
