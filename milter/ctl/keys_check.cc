// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl keys check: is the key in the DNS the one on disk?
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "milter/ctl/configuration.h"
#include "milter/ctl/keys_options.h"
#include "milter/ctl/offline_message.h"
#include "milter/ctl/terminal.h"
#include "policy/auth/key_publication.h"

namespace icm::ctl {
namespace {

using State = KeyPublication::State;

void print(const NamedKey& key, const KeyPublication& found) {
  const Terminal terminal = Terminal::of(stdout);
  const std::string file = clean(key.config.file);
  if (found.state == State::match) {
    fmt::print("{}  {}: the DNS has the key of {} ({})\n", terminal.paint(Style::green, "good"),
               found.name, file, found.key_size);
    return;
  }
  if (found.state == State::unknown) {
    fmt::print("{}  {}: not compared with {}: {}\n", terminal.paint(Style::yellow, "late"),
               found.name, file, clean(found.problem));
    return;
  }
  fmt::print("{}   {}: {}\n      publish this alone, of {}: {}\n",
             terminal.paint(Style::red, "bad"), found.name, clean(found.problem), file,
             zone_line(found.name, key_record(key.file->key)));
}

void print_json(const NamedKey& key, const KeyPublication& found) {
  nlohmann::ordered_json json = {{"name", found.name},
                                 {"domain", key.config.domain},
                                 {"selector", key.config.selector},
                                 {"file", key.config.file},
                                 {"state", to_string(found.state)},
                                 {"published", found.key_size},
                                 {"problem", found.problem}};
  json["record"] = key_record(key.file->key);
  fmt::print("{}\n", json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
}

}  // namespace

Exit keys_check(const KeysOptions& options) {
  auto keys = named_keys(options);
  if (!keys) return complain(keys.error().text, Exit::usage);
  const auto resolver = options.dns.open();
  if (!resolver) return complain(resolver.error().text, Exit::usage);
  Exit exit = Exit::done;
  const std::vector<NamedKey> records = one_for_each_record(*std::move(keys));
  for (const NamedKey& key : records) {
    if (!complain_of(key)) {
      exit = Exit::refused;
      continue;
    }
    const KeyPublication found =
        check_publication(key.config.domain, key.config.selector, key.file->key.public_key(),
                          **resolver, Deadline::in(offline_deadline));
    if (found.state != State::match) exit = Exit::refused;
    (options.json ? print_json : print)(key, found);
  }
  return exit;
}

}  // namespace icm::ctl
