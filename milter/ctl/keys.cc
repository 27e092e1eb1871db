// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl keys: the words and options by which people make and watch the keys that seal.
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "milter/ctl/configuration.h"
#include "milter/ctl/keys_options.h"

namespace icm::ctl {
namespace {

using Options = std::shared_ptr<KeysOptions>;

CLI::App& add_word(CLI::App& keys, Chosen& chosen, const Options& options, const std::string& word,
                   const std::string& help, Exit (*run)(const KeysOptions&)) {
  CLI::App* command = keys.add_subcommand(word, help);
  command->callback([&chosen, options, run] { chosen = [options, run] { return run(*options); }; });
  command->add_flag("--json", options->json,
                    word == "generate" ? "One JSON object instead of lines for people."
                                       : "One JSON object a line, for each key.");
  return *command;
}

void add_credentials(CLI::App& command, KeysOptions& options) {
  command
      .add_option("--credentials", options.credentials,
                  "Where the files of keys that are credential:NAME lie. Default: what systemd "
                  "says in CREDENTIALS_DIRECTORY.")
      ->envname("CREDENTIALS_DIRECTORY")
      ->option_text("DIRECTORY");
}

// A key that no configuration names.
void add_single_key(CLI::App& command, KeysOptions& options) {
  auto* const file =
      command.add_option("--key", options.file,
                         "This key alone, whatever the configuration has; with --domain and "
                         "--selector.");
  file->option_text("FILE");
  auto* const domain = command.add_option("--domain", options.domain, "Domain that seals (d=).");
  domain->option_text("D")->needs(file);
  auto* const selector =
      command.add_option("--selector", options.selector, "Selector of the key (s=).");
  selector->option_text("S")->needs(file);
  file->needs(domain)->needs(selector);
}

void add_config(CLI::App& command, KeysOptions& options) {
  command.add_option("--config", options.dns.config, std::string(config_option_help))
      ->option_text("FILE");
}

void add_generate(CLI::App& keys, Chosen& chosen, const Options& options) {
  CLI::App& command =
      add_word(keys, chosen, options, "generate",
               "Makes a key, and says which record to publish and what to write into milter.conf.",
               keys_generate);
  command.add_option("--domain", options->domain, "Domain that seals (d=). Required.")
      ->required()
      ->option_text("D");
  command
      .add_option(
          "--selector", options->selector,
          "Selector of the key (s=), such as arc1 or 2026a: one that has no record yet. Required.")
      ->required()
      ->option_text("S");
  command
      .add_option("--out", options->file,
                  "File to make, with mode 0600. One that exists is never overwritten. Required.")
      ->required()
      ->option_text("FILE");
  command
      .add_option("--algorithm", options->algorithm,
                  "rsa, or ed25519 for experiments: ARC's readers know rsa alone. Default: rsa.")
      ->option_text("ALGORITHM");
  command
      .add_option("--bits", options->bits,
                  "Size of an RSA key, from 1024 to 4096. Default: 2048, which all verifiers take.")
      ->option_text("N");
  command.footer(
      "Exit status: 0 made, 1 the file exists or cannot be written, 2 usage.\n"
      "Example:\n"
      "  icloud-milterctl keys generate --domain example.org --selector arc1 --out "
      "/etc/icloud-milter/arc1.pem");
}

}  // namespace

void add_keys(CLI::App& app, Chosen& chosen) {
  CLI::App* keys = app.add_subcommand(
      "keys", "Makes the keys that seal, and compares them with what the DNS publishes.");
  keys->require_subcommand(1);
  const auto options = std::make_shared<KeysOptions>();
  add_generate(*keys, chosen, options);

  CLI::App& list = add_word(*keys, chosen, options, "list",
                            "Prints each configured key: its record, size, file, and for which "
                            "mail it is.",
                            keys_list);
  add_config(list, *options);
  add_credentials(list, *options);
  list.footer("Exit status: 0 done, 1 a file cannot be used, 2 usage or configuration.");

  CLI::App& dns = add_word(*keys, chosen, options, "dns",
                           "Prints the record of each key, as a line of a zone file and as a plain "
                           "text.",
                           keys_dns);
  add_config(dns, *options);
  add_single_key(dns, *options);
  add_credentials(dns, *options);
  dns.footer("Exit status: 0 done, 1 a file cannot be used, 2 usage or configuration.");

  CLI::App& check =
      add_word(*keys, chosen, options, "check",
               "Says whether the DNS has the record of each key on disk.", keys_check);
  options->dns.add_to(check);
  add_single_key(check, *options);
  add_credentials(check, *options);
  check.footer(
      "Exit status: 0 every key is published, 1 one is not (or the DNS did not say), 2 usage or\n"
      "configuration.");
}

}  // namespace icm::ctl
