// SPDX-License-Identifier: Apache-2.0
//
// Everything that attaching changes in main.cf and master.cf is an insertion: what stood there
// stays there, and taking the insertions out again gives the files back as they were.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/result.h"

namespace icm::ctl::postfix {

enum class File { main_cf, master_cf };
std::string_view to_string(File file);  // "main.cf"

struct Insertion {
  File file = File::main_cf;
  std::size_t at = 0;  // octet of the file as it was
  std::string text;
  std::string reason;     // empty where the text brings its own, in comments
  std::string parameter;  // whose value it goes into; empty: lines of their own
  std::string service;    // "name/type", where that is in a service of master.cf
  bool operator==(const Insertion&) const = default;
};

// Into the value of a parameter of main.cf.
Insertion into_main_value(std::string_view name, std::size_t at, std::string text,
                          std::string_view reason);

// Those of `file` in the order of their places; of two at one place the first comes first.
std::vector<Insertion> of_file(File file, const std::vector<Insertion>& insertions);

// `text` with those of `file`.
std::string insert(std::string_view text, File file, const std::vector<Insertion>& insertions);

// What a person reads: lines of `text` that change, as "-" and "+", under a heading with the line's
// number and the reason. Nothing where nothing of that file changes.
std::string differences(std::string_view text, File file, const std::vector<Insertion>& insertions);

// The lines around a block of ours.
inline constexpr std::string_view block_begin =
    "# icloud-milter: begin. \"icloud-milterctl postfix disable\" takes these lines out again.\n";
inline constexpr std::string_view block_end = "# icloud-milter: end.\n";

}  // namespace icm::ctl::postfix
