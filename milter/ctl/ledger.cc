// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl ledger: the words and options by which people keep the ledger of consent.
#include <memory>

#include <CLI/CLI.hpp>

#include "milter/ctl/ledger_options.h"

namespace icm::ctl {
namespace {

using Options = std::shared_ptr<LedgerOptions>;

constexpr const char* times =
    "2026-11-21T08:15:30Z, a date (2026-11-21), or how long ago (90m, 24h, 7d).";

CLI::Option* add_addresses(CLI::App& command, LedgerOptions& options, const std::string& help) {
  return command.add_option("ADDRESS", options.addresses, help)->option_text("...");
}

void add_scope(CLI::App& command, LedgerOptions& options, const std::string& help) {
  command.add_option("--scope", options.scope, help)->option_text("SCOPE");
}

CLI::App& add_word(CLI::App& ledger, Chosen& chosen, const Options& options,
                   const std::string& word, const std::string& help,
                   Exit (*run)(const LedgerOptions&)) {
  CLI::App* command = ledger.add_subcommand(word, help);
  command->callback([&chosen, options, run] { chosen = [options, run] { return run(*options); }; });
  add_place(*command, *options);
  return *command;
}

void add_edit(CLI::App& ledger, Chosen& chosen, const Options& options) {
  CLI::App& add = add_word(ledger, chosen, options, "add",
                           "Writes down what addresses did. Of each time the latest holds; nothing "
                           "becomes older.",
                           ledger_add);
  add_addresses(add, *options, "The addresses, as mail is sent to them.")->required();
  add_scope(add, *options,
            "What mail it is about: global for all of it, stream:NAME, or list:ID. Default: "
            "global.");
  add.add_option("--consented", options->consented,
                 std::string("When the person asked for the mail: ") + times)
      ->option_text("TIME");
  add.add_option("--source", options->source, "How and where the person did: \"form on the shop\".")
      ->option_text("TEXT");
  add.add_option("--withdrawn", options->withdrawn,
                 "When the person took it back; a date means the end of that day.")
      ->option_text("TIME");
  add.add_option(
         "--engaged", options->engaged,
         "When the person last clicked, replied, logged in or bought something. Not opened: "
         "Apple fetches the pictures of every message itself.")
      ->option_text("TIME");
  add.footer("Nothing is written down about who asked to be forgotten (suppress, erasure).");

  CLI::App& remove = add_word(ledger, chosen, options, "remove",
                              "Strikes what is written down about addresses.", ledger_remove);
  add_addresses(remove, *options, "The addresses.")->required();
  add_scope(remove, *options, "Only for global, stream:NAME or list:ID.");
  remove.footer("Exit status: 0 removed, 1 there was nothing to remove.");

  CLI::App& show = add_word(ledger, chosen, options, "show",
                            "Tells what is written down about addresses.", ledger_show);
  add_addresses(show, *options, "The addresses.")->required();
  show.add_flag("--json", options->json, "One JSON object a line for each scope of an address.");
}

void add_bulk(CLI::App& ledger, Chosen& chosen, const Options& options) {
  CLI::App& import = add_word(
      ledger, chosen, options, "import",
      "Reads a file of any size into the ledger: all of it, or nothing when a line is bad.",
      ledger_import);
  import.add_option("FILE", options->file, "The file; - is standard input.")
      ->required()
      ->option_text(" ");
  import
      .add_option(
          "--format", options->format,
          "csv: a header line with the column address and any of scope, consented, source, "
          "withdrawn and engaged, then a line for each address and scope (RFC 4180). json: "
          "an object a line with the same names. auto: json when the first line begins with "
          "{. Default: auto.")
      ->option_text("FORMAT");
  import.add_flag("--skip-bad", options->skip_bad,
                  "Leave bad lines out, and import the others. They are reported all the same.");
  add_scope(import, *options, "The scope of lines that name none. Default: global.");
  import
      .add_option("--source", options->source,
                  "The source of consents that name none. Default: import:FILE.")
      ->option_text("TEXT");
  import.footer(
      "Times are RFC 3339 or dates. A suppressed address stays suppressed, whatever is imported: "
      "see icloud-milterctl ledger reopen.");

  CLI::App& out = add_word(ledger, chosen, options, "export",
                           "Prints the ledger for another program, or for import.", ledger_export);
  out.add_option("--format", options->format,
                 "csv (as import reads it) or json (an object a line). Default: csv.")
      ->option_text("FORMAT");
  add_scope(out, *options, "Only global, stream:NAME or list:ID.");
  out.add_option("--domain", options->domain, "Only addresses of this domain, exactly.")
      ->option_text("DOMAIN");
  out.add_option(
         "--inactive", options->inactive,
         "Only who has neither done anything nor consented since this time, or for so long: "
         "180d.")
      ->option_text("TIME");
}

void add_reopen(CLI::App& ledger, Chosen& chosen, const Options& options) {
  CLI::App& reopen =
      add_word(ledger, chosen, options, "reopen",
               "Takes those off the suppression list who have consented since; the history keeps "
               "what stood there, and the consent.",
               ledger_reopen);
  add_addresses(reopen, *options, "Only these addresses. Default: all of the list.");
  reopen.add_flag("--dry-run", options->dry_run, "Tell who it would be, and change nothing.");
  reopen.footer(
      "A consent opens an unsubscription or a complaint that is older, in its own scope; one for "
      "global opens every scope. It opens a hard bounce whatever the scope, when Apple has not "
      "answered so since. It opens nothing else: not a relay address that is off, not what an "
      "administrator suppressed, not an erasure.");
}

}  // namespace

void add_ledger(CLI::App& app, Chosen& chosen) {
  CLI::App* ledger = app.add_subcommand(
      "ledger",
      "Keeps the ledger of consent and activity: who subscribed, and who is still there.");
  ledger->require_subcommand(1);
  ledger->footer(
      "Exit status: 0 done, 1 refused or failed, 2 a mistake on the command line or in a file. No "
      "daemon is needed; a running one sees each change with the next recipient.");
  const auto options = std::make_shared<LedgerOptions>();
  add_edit(*ledger, chosen, options);
  add_bulk(*ledger, chosen, options);
  add_reopen(*ledger, chosen, options);
}

}  // namespace icm::ctl
