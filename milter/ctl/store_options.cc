// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/store_options.h"

#include <array>
#include <fstream>

#include <pwd.h>
#include <unistd.h>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "milter/ctl/configuration.h"
#include "milter/ctl/terminal.h"
#include "policy/base/text.h"
#include "policy/store/stores.h"

namespace icm::ctl {
namespace {

// An import of ten million entries by somebody else is over by then.
constexpr std::chrono::minutes patience{2};

// The user who logged in, also behind sudo and su: the kernel's audit login id, else the user id.
uid_t login_id() {
  constexpr uid_t unset = static_cast<uid_t>(-1);
  uid_t id = unset;
  std::ifstream file("/proc/self/loginuid");
  return file >> id && id != unset ? id : getuid();
}

std::string login_name() {
  const uid_t id = login_id();
  std::array<char, 4096> space{};
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(id, &entry, space.data(), space.size(), &found) == 0 && found != nullptr) {
    return found->pw_name;
  }
  return fmt::format("uid {}", id);
}

}  // namespace

WallTime now_in_seconds() { return std::chrono::floor<std::chrono::seconds>(SystemClock().now()); }

Deadline lock_deadline() { return Deadline::in(patience); }

void add_place(CLI::App& command, StoreOptions& options) {
  auto* store = command.add_option("--store", options.store,
                                   "The store. Default: store.path of the configuration.");
  store->option_text("FILE");
  command.add_option("--config", options.config, std::string(config_option_help))
      ->option_text("FILE")
      ->excludes(store);
}

Result<StoreConfig> store_of(const StoreOptions& options) {
  StoreConfig store;
  if (!options.store.empty()) {
    store.path = options.store;
    return store;
  }
  ICM_TRY(Config config, load_configuration(options.config));
  return std::move(config.store);
}

Result<StoreSite> open_site(const StoreOptions& options) {
  StoreSite site;
  if (options.store.empty()) {
    ICM_TRY(const Config config, load_configuration(options.config));
    site.store = config.store;
    site.siblings = config.suppression.siblings;
    site.streams.emplace();
    for (const StreamConfig& stream : config.streams) site.streams->push_back(stream.name);
  } else {
    site.store.path = options.store;
  }
  ICM_TRY(const Notices notices, prepare_store(site.store, lock_deadline()));
  for (const std::string& notice : notices) complain(notice);
  return site;
}

Status StoreSite::check_scope(std::string_view scope) const {
  constexpr std::string_view prefix = "stream:";
  if (!streams || !scope.starts_with(prefix)) return {};
  std::string names;
  for (const std::string& name : *streams) {
    if (name == scope.substr(prefix.size())) return {};
    names += (names.empty() ? "" : ", ") + name;
  }
  return fail(Code::syntax,
              fmt::format("scope: expected a stream of the configuration ({}), found \"{}\"",
                          names.empty() ? "it has none" : names, for_log(scope)));
}

Result<std::vector<Mailbox>> read_addresses(const std::vector<std::string>& texts) {
  std::vector<Mailbox> mailboxes;
  for (const std::string& text : texts) {
    ICM_TRY(Mailbox mailbox, Mailbox::parse(text));
    mailboxes.push_back(std::move(mailbox));
  }
  return mailboxes;
}

std::string_view words_of(icm::Outcome outcome) {
  switch (outcome) {
    case icm::Outcome::added:
      return "added";
    case icm::Outcome::changed:
      return "changed";
    case icm::Outcome::unchanged:
      return "unchanged";
  }
  return "";
}

Deed deed_of(Deed::Kind kind, WallTime now, std::string why) {
  return {.kind = kind, .who = login_name(), .at = now, .why = std::move(why)};
}

Exit complain_about(const Error& error) {
  return complain(error.text, error.code == Code::syntax ? Exit::usage : Exit::refused);
}

}  // namespace icm::ctl
