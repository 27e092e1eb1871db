// SPDX-License-Identifier: Apache-2.0
//
// What stands on the command line of icloud-milterctl suppress, and what it means.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "milter/ctl/store_options.h"
#include "policy/store/address_forms.h"
#include "policy/store/suppression_book.h"

namespace icm::ctl {

// As the command line has it; empty is "not given".
struct SuppressOptions : StoreOptions {
  std::vector<std::string> addresses;
  std::string file;
  std::string format;
  std::string reason;
  std::string scope;
  std::string expires;
  std::string source;
  std::string note;
  std::string because;
  std::string domain;
  std::string since;
  std::string until;
  std::string pattern;
  std::string import;
  std::string act_of_recipient;
  std::string hashed;
  bool expired = false;
  bool dry_run = false;
  bool skip_bad = false;
  bool json = false;
  bool without_backup = false;
};

// One function for each word behind `suppress`.
Exit suppress_add(const SuppressOptions& options);
Exit suppress_remove(const SuppressOptions& options);
Exit suppress_show(const SuppressOptions& options);
Exit suppress_list(const SuppressOptions& options);
Exit suppress_import(const SuppressOptions& options);
Exit suppress_export(const SuppressOptions& options);
Exit suppress_imports(const SuppressOptions& options);
Exit suppress_undo(const SuppressOptions& options);
Exit suppress_hash(const SuppressOptions& options);

// The list, and the site that it is of.
struct OpenBook {
  std::unique_ptr<SuppressionBook> book;
  AddressForms forms{};
  StoreSite site{};
};
[[nodiscard]] Result<OpenBook> open_book_of(const SuppressOptions& options, Missing missing);

// --hashed; nothing when it is not given.
[[nodiscard]] Result<std::optional<AddressHash>> read_hashed(const SuppressOptions& options);

[[nodiscard]] Result<SuppressionReason> read_reason(std::string_view text);

// A time to come: as parse_time reads it, or a span from now ("30d").
[[nodiscard]] Result<WallTime> read_expiry(std::string_view text, WallTime now);

// An entry without an address, from --reason, --scope, --expires, --source and --note and their
// defaults: manual, global, never, `default_source`, none.
[[nodiscard]] Result<Suppression> read_entry(const SuppressOptions& options, WallTime now,
                                             std::string_view default_source);

// check_entry() of what the command line says, which leads to the option that is missing.
[[nodiscard]] Status check_given(const Suppression& entry);

[[nodiscard]] Result<RecordFilter> read_filter(const SuppressOptions& options, WallTime now);

// --import, or --pattern with --since and perhaps --until.
[[nodiscard]] Result<Batch> read_batch(const SuppressOptions& options, WallTime now);

// Takes the batch back, and prints what became of its entries; with --dry-run it only prints.
[[nodiscard]] Result<UndoCount> undo_batch(const SuppressOptions& options, const Batch& batch,
                                           WallTime now);

// The last words after undo_batch(): what to do next, or why there was nothing to do.
void say_what_follows(const SuppressOptions& options, const Batch& batch, const UndoCount& count);

}  // namespace icm::ctl
