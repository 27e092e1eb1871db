// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl suppress: the words and options by which people keep the suppression list.
#include <memory>

#include <CLI/CLI.hpp>

#include "milter/ctl/configuration.h"
#include "milter/ctl/suppress_options.h"

namespace icm::ctl {
namespace {

using Options = std::shared_ptr<SuppressOptions>;

constexpr const char* reasons =
    "unsubscribe, complaint, hard-bounce, relay-off, suspended, manual or erasure.";

void add_addresses(CLI::App& command, SuppressOptions& options, const std::string& help) {
  command.add_option("ADDRESS", options.addresses, help)->required()->option_text("...");
}

// What an entry says, where it is added.
void add_entry(CLI::App& command, SuppressOptions& options, const std::string& default_source) {
  command.add_option("--reason", options.reason, std::string(reasons) + " Default: manual.")
      ->option_text("REASON");
  command
      .add_option("--scope", options.scope,
                  "What mail is meant: global for all of it, stream:NAME for a stream of the "
                  "configuration, list:ID for a mailing list by its List-Id. Default: global.")
      ->option_text("SCOPE");
  command
      .add_option("--expires", options.expires,
                  "When the entry ends: 2026-12-31, 2026-12-31T08:00:00Z, or a span from now such "
                  "as 30d. Needed for suspended, possible for manual; the other reasons never end "
                  "by age.")
      ->option_text("TIME");
  command
      .add_option("--source", options.source,
                  "Who or what told us, shown to the sender. Default: " + default_source + ".")
      ->option_text("TEXT");
  command
      .add_option("--note", options.note,
                  "The evidence in words, such as Apple's reply; shown in the log only.")
      ->option_text("TEXT");
}

void add_filter(CLI::App& command, SuppressOptions& options) {
  command.add_option("--reason", options.reason, std::string("Only ") + reasons)
      ->option_text("REASON");
  command.add_option("--scope", options.scope, "Only global, stream:NAME or list:ID.")
      ->option_text("SCOPE");
  command.add_option("--domain", options.domain, "Only addresses of this domain, exactly.")
      ->option_text("DOMAIN");
  command
      .add_option("--since", options.since,
                  "Only entries of this time and later: 2026-11-21, 2026-11-21T08:15:30Z, or how "
                  "long ago: 90m, 24h, 7d.")
      ->option_text("TIME");
  command.add_flag("--expired", options.expired,
                   "Entries that have expired, instead of those in force.");
}

CLI::App& add_word(CLI::App& suppress, Chosen& chosen, const Options& options,
                   const std::string& word, const std::string& help,
                   Exit (*run)(const SuppressOptions&)) {
  CLI::App* command = suppress.add_subcommand(word, help);
  command->callback([&chosen, options, run] { chosen = [options, run] { return run(*options); }; });
  return *command;
}

void add_edit(CLI::App& suppress, Chosen& chosen, const Options& options) {
  CLI::App& add = add_word(
      suppress, chosen, options, "add",
      "Puts addresses on the list. What is there already is kept and only made to hold longer.",
      suppress_add);
  add_addresses(add, *options, "The addresses, as mail is sent to them.");
  add_entry(add, *options, "cli");
  add_place(add, *options);
  add.footer(
      "An erasure removes everything else that is known about the address, its history included.");

  CLI::App& remove = add_word(suppress, chosen, options, "remove",
                              "Takes addresses off the list; the history keeps what stood there.",
                              suppress_remove);
  add_addresses(remove, *options, "The addresses.");
  remove.add_option("--reason", options->reason, std::string("Only the entry for ") + reasons)
      ->option_text("REASON");
  remove
      .add_option("--scope", options->scope, "Only the entry for global, stream:NAME or list:ID.")
      ->option_text("SCOPE");
  remove
      .add_option("--because", options->because,
                  "Why; kept in the history. Needed unless the reason is manual or suspended, or "
                  "--act-of-recipient says when the recipient asked for mail again.")
      ->option_text("TEXT");
  remove
      .add_option("--act-of-recipient", options->act_of_recipient,
                  "When the recipient signed up again or switched the address on again: does "
                  "instead of --because, and only for entries that were last said before, and for "
                  "which Apple has not answered since. It does not end manual and suspended.")
      ->option_text("TIME");
  add_place(remove, *options);
  remove.footer("Exit status: 0 removed, 1 there was nothing to remove or the cause is missing.");

  CLI::App& show =
      add_word(suppress, chosen, options, "show",
               "Tells what stands about addresses, and what stood: since when, by whom, why.",
               suppress_show);
  add_addresses(show, *options, "The addresses.");
  show.add_flag("--json", options->json, "One JSON object a line for each address.");
  add_place(show, *options);
}

void add_bulk(CLI::App& suppress, Chosen& chosen, const Options& options) {
  CLI::App& list =
      add_word(suppress, chosen, options, "list",
               "Prints the entries in force, in the order of the addresses.", suppress_list);
  add_filter(list, *options);
  list.add_flag("--json", options->json, "One JSON object a line.");
  add_place(list, *options);

  CLI::App& import =
      add_word(suppress, chosen, options, "import",
               "Reads a file of any size into the list: all of it, or nothing when a line is bad.",
               suppress_import);
  import.add_option("FILE", options->file, "The file; - is standard input.")
      ->required()
      ->option_text(" ");
  import
      .add_option("--format", options->format,
                  "csv: a header line with the column address and any of reason, scope, created, "
                  "expires, source and note, and of the evidence pattern, reply, queue_id, "
                  "first_seen, last_seen and count, then an entry a line (RFC 4180). json: an "
                  "object a line with the same names, the evidence an object in it. plain: an "
                  "address a line; empty lines and lines that begin with \"# \" are skipped. auto: "
                  "json when the first line begins an object, csv when it names a column address "
                  "or email, else plain. The CSV exports of Amazon SES, SendGrid, Mailgun and "
                  "Postmark are known by their header lines. Default: auto.")
      ->option_text("FORMAT");
  import
      .add_option(
          "--hashed", options->hashed,
          "sha256 or md5: the file has no addresses but such hashes of them, in hexadecimal "
          "digits, each of an address without blanks and in lower case.")
      ->option_text("HASH");
  import.add_flag("--skip-bad", options->skip_bad,
                  "Leave bad lines out, and import the others. They are reported all the same.");
  add_entry(import, *options, "import:FILE");
  add_place(import, *options);
  import.footer(
      "--reason, --scope, --expires, --source and --note are for what the file leaves open. A list "
      "of Mailgun's complaints does not say that it is one: --reason complaint. Bounces of other "
      "services are taken where their status says that there is no such address.\n"
      "Others may read the list meanwhile and see all of the import or nothing of it.");

  CLI::App& out =
      add_word(suppress, chosen, options, "export",
               "Prints the entries in force for another program, or for import.", suppress_export);
  out.add_option("--format", options->format,
                 "csv or json (an object a line), each with all that an entry has, as import reads "
                 "it; plain (addresses alone). In csv a field that a spreadsheet would take for a "
                 "formula has an apostrophe in front, which import takes off. Default: csv.")
      ->option_text("FORMAT");
  out.add_option(
         "--hashed", options->hashed,
         "sha256 or md5: nothing but such a hash of each address, in hexadecimal digits, a line "
         "each. What the list itself has as another hash is left out, and counted.")
      ->option_text("HASH");
  add_filter(out, *options);
  add_place(out, *options);
}

void add_batches(CLI::App& suppress, Chosen& chosen, const Options& options) {
  CLI::App& imports =
      add_word(suppress, chosen, options, "imports",
               "Lists the imports, the latest first, with the numbers by which they "
               "are undone.",
               suppress_imports);
  imports.add_flag("--json", options->json, "One JSON object a line.");
  add_place(imports, *options);

  CLI::App& undo = add_word(
      suppress, chosen, options, "undo",
      "Takes back what an import did, or what Apple's replies did while Apple was out of order.",
      suppress_undo);
  undo.add_option("--import", options->import, "The import, by its number.")->option_text("ID");
  undo.add_option("--pattern", options->pattern,
                  "The entries that replies of this pattern led to, within --since and --until.")
      ->option_text("PATTERN");
  undo.add_option("--since", options->since,
                  "Time of the first reply that is meant: 2026-11-21, 2026-11-21T08:15:30Z, or how "
                  "long ago: 90m, 24h, 7d.")
      ->option_text("TIME");
  undo.add_option("--until", options->until,
                  "Replies of this time and later are not meant. Default: now.")
      ->option_text("TIME");
  undo.add_option("--because", options->because, "Why; kept in the history.")
      ->required()
      ->option_text("TEXT");
  undo.add_flag("--dry-run", options->dry_run, "Only counts what would be done.");
  add_place(undo, *options);
  undo.footer(
      "What the batch added is removed, what it changed stands again as before. An entry that "
      "somebody else\nhas changed, said again or removed since is left alone and counted, and so "
      "is an "
      "erasure.");
}

void add_hash(CLI::App& suppress, Chosen& chosen, const Options& options) {
  CLI::App& hash = add_word(
      suppress, chosen, options, "hash",
      "Hashes the addresses that a store had before store.hash_key_file: those of the list, its "
      "history and the ledger, and those in words.",
      suppress_hash);
  hash.add_option("--config", options->config, std::string(config_option_help))
      ->option_text("FILE");
  hash.add_flag("--without-backup", options->without_backup,
                "Needed for a store in Redis, of which no backup is made here.");
  hash.footer(
      "It cannot be taken back. A store in a file is hashed as a whole or not at all, and kept as "
      "it was, with\nits addresses, in FILE-unhashed.backup: delete that when all is well. In "
      "Redis it goes from address to\naddress, none is missing at any time, and what breaks off "
      "is completed by the next call.");
}

}  // namespace

void add_suppress(CLI::App& app, Chosen& chosen) {
  CLI::App* suppress = app.add_subcommand(
      "suppress", "Keeps the suppression list: addresses that are not to be tried again.");
  suppress->require_subcommand(1);
  suppress->footer(
      "Exit status: 0 done, 1 refused or failed, 2 a mistake on the command line or in a "
      "file. No daemon is needed; a running one sees each change with the next recipient.");
  const auto options = std::make_shared<SuppressOptions>();
  add_edit(*suppress, chosen, options);
  add_bulk(*suppress, chosen, options);
  add_batches(*suppress, chosen, options);
  add_hash(*suppress, chosen, options);
}

}  // namespace icm::ctl
