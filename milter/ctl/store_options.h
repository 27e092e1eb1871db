// SPDX-License-Identifier: Apache-2.0
//
// What the commands that keep the store have in common: where it is, what the configuration says of
// its mail, who does it and when, and what came of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "milter/ctl/command.h"
#include "policy/config/config.h"
#include "policy/store/suppression_book.h"

namespace icm::ctl {

// As the command line has it; empty is "not given".
struct StoreOptions {
  std::string store;
  std::string config;
};

// Where the store is: --store, else --config.
void add_place(CLI::App& command, StoreOptions& options);

// The store that --store names, else that of the configuration, of which the rest says a little.
struct StoreSite {
  StoreConfig store;
  bool siblings = true;
  std::optional<std::vector<std::string>> streams{};  // absent with --store

  // Whether mail of this scope can be: under a stream that is misspelt nothing would be found.
  [[nodiscard]] Status check_scope(std::string_view scope) const;
};

// An earlier release's store is brought up to date, and what came of that is said.
[[nodiscard]] Result<StoreSite> open_site(const StoreOptions& options);

// Without a look at the store.
[[nodiscard]] Result<StoreConfig> store_of(const StoreOptions& options);

// All of them, or the first that is no address.
[[nodiscard]] Result<std::vector<Mailbox>> read_addresses(const std::vector<std::string>& texts);

// Now, in whole seconds: what a person reads needs no more.
WallTime now_in_seconds();

// How long a command waits while another one writes.
Deadline lock_deadline();

// Something done now by whoever is logged in.
Deed deed_of(Deed::Kind kind, WallTime now, std::string why = {});

// "added", "changed", "unchanged"
std::string_view words_of(icm::Outcome outcome);

// Says it, and gives the exit status: usage for what was typed wrong, refused for everything else.
Exit complain_about(const Error& error);

}  // namespace icm::ctl
