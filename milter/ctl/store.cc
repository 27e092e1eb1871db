// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl store: the store as a whole. What is in it is kept by suppress and ledger.
#include <memory>
#include <string>
#include <string_view>

#include <unistd.h>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "milter/ctl/configuration.h"
#include "milter/ctl/store_options.h"
#include "milter/ctl/terminal.h"
#include "policy/store/stores.h"

namespace icm::ctl {
namespace {

using Options = std::shared_ptr<StoreOptions>;

// Files of a lost store would be taken for the new one's.
Status check_nothing_is_left(const StoreConfig& store) {
  if (store.kind != StoreKind::sqlite || ::access(store.path.c_str(), F_OK) == 0) return {};
  for (const std::string_view end : {"-wal", "-shm"}) {
    const std::string left = fmt::format("{}{}", store.path, end);
    if (::access(left.c_str(), F_OK) != 0) continue;
    return fail(Code::config,
                fmt::format("{} is not there, and {} is left of it: stop icloud-milter and whoever "
                            "else has it open, put the backup back if there is one, or else remove "
                            "what ends in -wal and -shm, and make it then",
                            store.path, left));
  }
  return {};
}

Result<Exit> init(const StoreOptions& options) {
  ICM_TRY(const StoreConfig store, store_of(options));
  ICM_CHECK(check_nothing_is_left(store));
  ICM_TRY(const MadeStore made, make_store(store, lock_deadline(), credentials_directory()));
  std::string_view done = "is there already; nothing was done";
  if (made.ledger) done = "the suppression list is there already; made an empty ledger of consent";
  if (made.list) done = "made; the suppression list is empty";
  fmt::print("{}: {}\n", clean(store_place(store)), done);
  return Exit::done;
}

}  // namespace

void add_store(CLI::App& app, Chosen& chosen) {
  CLI::App* store = app.add_subcommand("store", "Makes the store that the configuration names.");
  store->require_subcommand(1);
  const auto options = std::make_shared<StoreOptions>();
  CLI::App* made = store->add_subcommand("init", "Makes an empty store where there is none.");
  add_place(*made, *options);
  made->callback([options, &chosen] {
    chosen = [options] {
      const Result<Exit> done = init(*options);
      return done ? *done : complain_about(done.error());
    };
  });
  made->footer(
      "A store in a file is made at the first start of icloud-milter, one in Redis by this command "
      "alone.\nAfter that, a store that is not there has been lost: with an empty one, mail goes "
      "out "
      "to everybody\nwho was on the list. Put its backup back, where there is one.\n"
      "Exit status: 0 it is there, 1 not, 2 usage.");
}

}  // namespace icm::ctl
