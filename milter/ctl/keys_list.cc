// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl keys list and keys dns: what the configuration and the files say, without the
// network.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "milter/ctl/configuration.h"
#include "milter/ctl/keys_options.h"
#include "milter/ctl/terminal.h"
#include "policy/auth/key_publication.h"

namespace icm::ctl {
namespace {

std::string mail_of(const SealingKeyConfig& config) {
  if (config.recipients.empty() && config.listeners.empty()) return "all other mail";
  std::string mail = "mail";
  if (!config.recipients.empty())
    mail += fmt::format(" for {}", fmt::join(config.recipients, ", "));
  if (!config.listeners.empty()) mail += fmt::format(" over {}", fmt::join(config.listeners, ", "));
  return mail;
}

void print_line(const nlohmann::ordered_json& json) {
  fmt::print("{}\n", json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
}

nlohmann::ordered_json json_of(const NamedKey& key) {
  nlohmann::ordered_json json = {{"name", key.name()},
                                 {"domain", key.config.domain},
                                 {"selector", key.config.selector},
                                 {"file", key.config.file}};
  if (key.file) {
    json["algorithm"] = to_string(key.file->key.type());
    json["bits"] = key.file->key.bits();
  } else {
    json["problem"] = key.file.error().text;
  }
  return json;
}

}  // namespace

Exit keys_list(const KeysOptions& options) {
  const auto keys = named_keys(options);
  if (!keys) return complain(keys.error().text, Exit::usage);
  Table table({{.title = "KEY"}, {.title = "SIZE"}, {.title = "FILE"}, {.title = "FOR"}});
  Exit exit = Exit::done;
  for (const NamedKey& key : *keys) {
    if (!complain_of(key)) exit = Exit::refused;
    if (options.json) {
      auto json = json_of(key);
      json["recipients"] = key.config.recipients;
      json["listeners"] = key.config.listeners;
      print_line(json);
      continue;
    }
    const Cell size = key.file ? Cell{.text = key_size(key.file->key.type(), key.file->key.bits())}
                               : Cell{.text = "cannot be used", .style = Style::red};
    table.add(
        {{.text = key.name()}, size, {.text = key.config.file}, {.text = mail_of(key.config)}});
  }
  if (!options.json) fmt::print("{}", table.text(Terminal::of(stdout)));
  return exit;
}

Exit keys_dns(const KeysOptions& options) {
  auto keys = named_keys(options);
  if (!keys) return complain(keys.error().text, Exit::usage);
  Exit exit = Exit::done;
  std::string_view gap;
  const std::vector<NamedKey> records = one_for_each_record(*std::move(keys));
  for (const NamedKey& key : records) {
    if (!complain_of(key)) exit = Exit::refused;
    if (!options.json && !key.file) continue;
    const std::string record = key.file ? key_record(key.file->key) : "";
    if (options.json) {
      auto json = json_of(key);
      if (key.file) {
        json["record"] = record;
        json["chunks"] = txt_chunks(record);
        json["zone"] = zone_line(key.name(), record);
      }
      print_line(json);
      continue;
    }
    fmt::print("{}; {} ({}), as a line of a zone file:\n{}\n; the same as one text:\n; {}\n", gap,
               clean(key.config.file), key_size(key.file->key.type(), key.file->key.bits()),
               zone_line(key.name(), record), record);
    gap = "\n";
  }
  return exit;
}

}  // namespace icm::ctl
