// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl unsubscribe: the words and options of the addresses by which people unsubscribe.
#include <memory>

#include <CLI/CLI.hpp>

#include "milter/ctl/configuration.h"
#include "milter/ctl/one_of.h"
#include "milter/ctl/unsubscribe_options.h"

namespace icm::ctl {
namespace {

using Options = std::shared_ptr<UnsubscribeOptions>;

CLI::App& add_word(CLI::App& unsubscribe, Chosen& chosen, const Options& options,
                   const std::string& word, const std::string& help,
                   Exit (*run)(const UnsubscribeOptions&)) {
  CLI::App* command = unsubscribe.add_subcommand(word, help);
  command->add_option("--config", options->config, std::string(config_option_help))
      ->option_text("FILE");
  command->callback([&chosen, options, run] { chosen = [options, run] { return run(*options); }; });
  return *command;
}

void add_address(CLI::App& unsubscribe, Chosen& chosen, const Options& options) {
  CLI::App& address =
      add_word(unsubscribe, chosen, options, "address",
               "Mints the fields List-Unsubscribe and List-Unsubscribe-Post for somebody.",
               unsubscribe_address);
  address
      .add_option("ADDRESS", options->addresses,
                  "Whom the message goes to; - reads an address a line from standard input, and "
                  "prints a line each: address, https form and mailto form, with tabs between.")
      ->required()
      ->option_text("...");
  auto* stream = address.add_option(
      "--stream", options->stream,
      "The stream that is left. Default: unsubscribe.stream of the configuration.");
  stream->option_text("NAME");
  auto* list =
      address.add_option("--list", options->list, "The mailing list that is left, by its List-Id.");
  list->option_text("ID")->excludes(stream);
  address.add_flag("--all-mail", options->all_mail, "All mail is left.")
      ->excludes(stream)
      ->excludes(list);
  address.add_flag("--json", options->json, "One JSON object a line for each address.");
  address.footer(
      "Both fields must be covered by the DKIM signature of the message (RFC 8058 section 4), so "
      "add them before it is signed. Exit status: 0 minted, 1 the configuration or its keys cannot "
      "be used, 2 something is no address.");
}

void add_intake(CLI::App& unsubscribe, Chosen& chosen, const Options& options) {
  CLI::App& intake =
      add_word(unsubscribe, chosen, options, "intake",
               "Takes a mail to the unsubscribe address from standard input.", unsubscribe_intake);
  intake
      .add_option(
          "--recipient", options->recipient,
          "The address it was sent to (Postfix: ${recipient}). Default: what X-Original-To, "
          "Delivered-To, Envelope-To, To and Cc say.")
      ->option_text("ADDRESS");
  intake
      .add_option("--sender", options->sender,
                  "Its envelope sender (Postfix: ${sender}). Default: what Return-Path says.")
      ->option_text("ADDRESS")
      ->each([options](const std::string&) { options->has_sender = true; });
  intake
      .add_option("--unclear", options->unclear,
                  "What happens to a mail without a token of ours: bounce tells whoever wrote it, "
                  "discard does not. Default: bounce.")
      ->option_text("WORD")
      ->check(one_of({"bounce", "discard"}));
  intake.footer(
      "Exit status, as pipe(8) reads it: 0 done, or an answering machine's mail, which is let go; "
      "65 nothing says who wants to leave what; 75 try again later: the store, the configuration "
      "or the keys are away, or a word of the command is wrong, and the mail stays in the queue.");
}

void add_serve(CLI::App& unsubscribe, Chosen& chosen, const Options& options) {
  CLI::App& serve =
      add_word(unsubscribe, chosen, options, "serve",
               "Answers the web server: the one-click POST of RFC 8058, and a page with a button.",
               unsubscribe_serve);
  serve
      .add_option("--listen", options->listen,
                  "unix:PATH or inet:PORT@HOST. Default: unsubscribe.endpoint.address of the "
                  "configuration.")
      ->option_text("ADDRESS");
  serve.footer(
      "Runs in the foreground until TERM or INT, then ends the requests it has. It speaks no TLS: "
      "a web server has to stand before it.");
}

}  // namespace

void add_unsubscribe(CLI::App& app, Chosen& chosen) {
  CLI::App* unsubscribe = app.add_subcommand(
      "unsubscribe", "Mints the addresses by which people unsubscribe, and takes what comes back.");
  unsubscribe->require_subcommand(1);
  unsubscribe->footer(
      "Configured in the section unsubscribe. Whoever unsubscribes is on the suppression list at "
      "once: the next message to him is refused.");
  const auto options = std::make_shared<UnsubscribeOptions>();
  add_address(*unsubscribe, chosen, options);
  add_intake(*unsubscribe, chosen, options);
  add_serve(*unsubscribe, chosen, options);
}

}  // namespace icm::ctl
