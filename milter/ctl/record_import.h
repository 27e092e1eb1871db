// SPDX-License-Identifier: Apache-2.0
//
// How a file of records is imported: every line is read, bad ones are told with their place, and
// when one was bad nothing is imported, unless it is to be left out.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>

#include "milter/ctl/terminal.h"
#include "policy/base/result.h"
#include "policy/store/suppression_book.h"

namespace icm::ctl {

class RecordImport {
 public:
  enum class BadLines { refuse, leave_out };

  // `name` is the file's, for messages.
  RecordImport(const std::string& name, BadLines bad_lines);

  // Hands every record of `file` to `stage`, or to `check` once a bad line keeps the import from
  // being done: the rest is only read, so that all bad lines are known after one run. Code::syntax
  // of either says that the line is bad; any other Error is final.
  template <class File, class Stage, class Check>
  [[nodiscard]] Status read(File& file, Stage stage, Check check) {
    for (;;) {
      auto record = file.next();
      if (record && !*record) return finish();
      Status taken;
      if (!record) {
        taken = tl::make_unexpected(record.error());
      } else {
        taken = is_refused() ? check(**record) : stage(**record);
      }
      if (taken) {
        accept();
      } else {
        ICM_CHECK(refuse(file.place(), taken.error()));
      }
    }
  }

  // The numbers for people, behind `count`: "12 entries: 10 added, …".
  std::string report(std::string_view one, std::string_view several,
                     const ImportCount& count) const;

 private:
  bool is_refused() const { return bad_ > 0 && bad_lines_ == BadLines::refuse; }
  void accept() { progress_.at(++good_); }
  [[nodiscard]] Status refuse(const std::string& place, const Error& error);
  [[nodiscard]] Status finish();

  std::string name_;
  BadLines bad_lines_;
  std::uint64_t good_ = 0;
  std::uint64_t bad_ = 0;
  Progress progress_;
};

// Opens `file` ("-" is standard input) and hands it over with what messages call it.
[[nodiscard]] Status import_file(
    const std::string& file, const std::function<Status(std::FILE*, const std::string&)>& import);

// The last part of a file's name, fit to be kept as a source.
std::string name_in_source(const std::string& file);

}  // namespace icm::ctl
