// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl replies: what receivers answer, named and explained.

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "milter/ctl/command.h"
#include "milter/ctl/configuration.h"
#include "milter/ctl/replies_learnt.h"
#include "milter/ctl/replies_options.h"
#include "milter/ctl/suppress_lines.h"
#include "milter/ctl/terminal.h"
#include "milter/json_line.h"
#include "policy/base/handle.h"
#include "policy/base/text.h"
#include "policy/replies/reply_table_check.h"
#include "policy/replies/reply_table_file.h"

namespace icm::ctl {
namespace {

struct Options {
  std::string table;
  std::string file = "-";
  std::vector<std::string> words;
  bool json = false;
};

void close_file(std::FILE* file) { std::fclose(file); }
using File = Handle<std::FILE, close_file>;

std::string to_json(const ReplyEntry& entry, const ReceivedReply& reply) {
  JsonLine line;
  line.begin_object();
  line.text("id", entry.id);
  line.text("class", to_string(entry.reply_class));
  line.text("nature", to_string(nature_of(entry, reply)));
  line.text("scope", to_string(entry.scope));
  line.text("action", to_string(entry.action));
  line.text("confidence", to_string(entry.confidence));
  line.end_object();
  return line.take();
}

std::string to_text(const ReplyEntry& entry, const ReceivedReply& reply) {
  return fmt::format("{}: {}, {}: {} ({} confidence): {}", entry.id, to_string(entry.reply_class),
                     to_string(nature_of(entry, reply)), to_string(entry.action),
                     to_string(entry.confidence), clean(reply.text));
}

// An answer for each line, whatever is in it, so that answers can be laid beside the lines.
Exit classify_lines(const ReplyTable& table, std::FILE* input, const Options& options) {
  LineReader lines(input);
  for (;;) {
    const auto line = lines.next();
    if (!line) return complain(fmt::format("{}: {}", options.file, line.error().text));
    if (!*line) return Exit::done;
    const ReceivedReply reply = parse_received_reply((*line)->text);
    const ReplyEntry& entry = table.classify(reply);
    const std::string answer =
        (options.json ? to_json(entry, reply) : to_text(entry, reply)) + "\n";
    if (std::fwrite(answer.data(), 1, answer.size(), stdout) != answer.size()) {
      return complain("standard output cannot be written");
    }
  }
}

Exit classify(const Options& options) {
  const auto table = load_reply_table(options.table);
  if (!table) return complain(table.error().text, Exit::usage);
  if (options.file == "-") return classify_lines(*table, stdin, options);
  const File file(std::fopen(options.file.c_str(), "re"));
  if (!file) {
    return complain(fmt::format("{}: {}", options.file, std::strerror(errno)), Exit::usage);
  }
  return classify_lines(*table, file.get(), options);
}

bool is_word_character(char c) { return is_alpha(c) || is_digit(c) || c == '.' || c == '-'; }

// "HME1" in "554 5.7.1 [HME1] This message ..."; not in "HME12".
bool has_word(std::string_view text, std::string_view word) {
  const std::string in = lower_ascii(text);
  const std::string sought = lower_ascii(word);
  for (std::size_t at = in.find(sought); at != std::string::npos; at = in.find(sought, at + 1)) {
    const std::size_t end = at + sought.size();
    const bool begins = at == 0 || !is_word_character(in[at - 1]);
    if (begins && (end == in.size() || !is_word_character(in[end]))) return true;
  }
  return false;
}

// "HM10", as Apple puts it into brackets.
bool is_bracketed_code(std::string_view text) {
  constexpr auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  std::size_t letters = 0;
  while (letters < text.size() && is_capital(text[letters])) ++letters;
  return letters >= 2 && letters < text.size() && text.size() <= 6 &&
         std::ranges::all_of(text.substr(letters), is_digit);
}

// A word names an entry, or is a code in the replies of several; anything else is a reply.
std::vector<const ReplyEntry*> entries_for(const ReplyTable& table, std::string_view text) {
  std::vector<const ReplyEntry*> found;
  if (const ReplyEntry* named = table.find(text)) return {named};
  if (!text.empty() && text.find(' ') == std::string_view::npos) {
    for (const ReplyEntry& entry : table.entries()) {
      for (const std::string& example : entry.examples) {
        if (!has_word(example, text)) continue;
        found.push_back(&entry);
        break;
      }
    }
  }
  if (found.empty() && is_bracketed_code(text)) {
    const ReplyEntry& entry =
        table.classify(parse_received_reply(fmt::format("554 5.7.1 [{}] Message rejected", text)));
    return {&entry};
  }
  if (found.empty()) found.push_back(&table.classify(parse_received_reply(text)));
  return found;
}

// What a single word was perhaps meant to be: an id, or a code as Apple brackets it.
std::string suggestion(const ReplyTable& table, std::string_view word) {
  if (word.find(' ') != std::string_view::npos) return {};
  std::vector<std::string_view> candidates;
  for (const ReplyEntry& entry : table.entries()) {
    candidates.emplace_back(entry.id);
    for (const std::string_view example : entry.examples) {
      const std::size_t open = example.find('[');
      const std::size_t end = example.find(']', open);
      if (end == std::string_view::npos) continue;
      const std::string_view code = example.substr(open + 1, end - open - 1);
      if (code.size() == 4 && is_alpha(code.front())) candidates.push_back(code);
    }
  }
  std::string capitals(word);
  std::ranges::transform(capitals, capitals.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  auto meant = nearest(capitals, candidates);
  if (!meant) meant = nearest(lower_ascii(word), candidates);
  return meant ? std::string(*meant) : std::string();
}

void print_for_people(const ReplyEntry& entry, const Terminal& terminal) {
  constexpr int indent = 14;
  const auto row = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    fmt::print("  {:<12}{}\n", name, wrap(clean(value), indent, terminal.width()));
  };
  fmt::print("{}\n", terminal.paint(Style::bold, entry.id));
  row("means", entry.meaning);
  row("class", fmt::format("{}, {}, about the {}", to_string(entry.reply_class),
                           to_string(entry.nature), to_string(entry.scope)));
  row("what to do", entry.remedy);
  row("action", to_string(entry.action));
  row("confidence", to_string(entry.confidence));
  row("source", fmt::format("{} ({})", entry.source, entry.date));
  for (const std::string& example : entry.examples) row("example", example);
}

// A code with many causes says little.
void print_shortly(const std::vector<const ReplyEntry*>& entries, std::string_view code) {
  fmt::print("{} alone says little: {} causes have it. The whole reply tells which.\n", clean(code),
             entries.size());
  for (const ReplyEntry* entry : entries) {
    fmt::print("  {:<32} {}\n", entry->id, clean(entry->meaning));
  }
}

Exit explain(const Options& options) {
  const auto table = load_reply_table(options.table);
  if (!table) return complain(table.error().text, Exit::usage);
  std::string text;
  for (const std::string& word : options.words) text += (text.empty() ? "" : " ") + word;
  const Terminal terminal = Terminal::of(stdout);
  const std::vector<const ReplyEntry*> entries = entries_for(*table, trim(text));
  if (entries.size() > 3) {
    print_shortly(entries, trim(text));
    return Exit::done;
  }
  for (const ReplyEntry* entry : entries) {
    if (entry != entries.front()) fmt::print("\n");
    print_for_people(*entry, terminal);
  }
  if (entries.front() != &unknown_reply()) return Exit::done;
  const std::string meant = suggestion(*table, trim(text));
  if (meant.empty()) {
    complain("give the whole reply, as the log quotes it");
  } else {
    complain(fmt::format("\"{}\" is not known, did you mean \"{}\"?", for_log(text), meant));
  }
  return Exit::refused;
}

Exit check_table(const Options& options) {
  if (!options.table.empty()) {
    const auto text = read_reply_file(options.table);
    if (!text) return complain(text.error().text, Exit::usage);
    const ReplyEntries own = read_reply_entries(options.table, *text);
    for (const std::string& problem : own.problems) complain(problem);
    if (!own.problems.empty()) return Exit::usage;
  }
  const auto table = load_reply_table(options.table);
  if (!table) return complain(table.error().text, Exit::usage);
  const std::vector<std::string> complaints = check_reply_table(*table);
  for (const std::string& complaint : complaints) complain(complaint);
  fmt::print("{} replies, {} complaints\n", table->entries().size(), complaints.size());
  return complaints.empty() ? Exit::done : Exit::refused;
}

constexpr const char* table_help =
    "A table of your own that extends the built-in one: an entry with an id of the built-in table "
    "replaces that one, others are asked before it.";

void add_classify(CLI::App& replies, const std::shared_ptr<Options>& options, Chosen& chosen) {
  CLI::App* const command = replies.add_subcommand(
      "classify", "Names the cause of replies, one per line, and what it asks for.");
  command
      ->add_option("FILE", options->file,
                   "Replies, log lines or Diagnostic-Code fields. Default: -, standard input.")
      ->option_text(" ");
  command->add_flag("--json", options->json,
                    "One JSON object for each line: id, class, nature, scope, action, confidence.");
  command->add_option("--table", options->table, table_help)->option_text("FILE");
  command->footer(
      "Example:\n"
      "  grep icloud.com /var/log/mail.log | icloud-milterctl replies classify --json");
  command->callback([options, &chosen] { chosen = [options] { return classify(*options); }; });
}

void add_explain(CLI::App& replies, const std::shared_ptr<Options>& options, Chosen& chosen) {
  CLI::App* const command = replies.add_subcommand(
      "explain", "Says to a person what a reply means and how to put it right.");
  command
      ->add_option("CODE|TEXT", options->words,
                   "A code (HME1, 5.1.1), an entry's id, or a whole reply. Required.")
      ->option_text("...")
      ->required();
  command->add_option("--table", options->table, table_help)
      ->option_text("FILE")
      ->allow_extra_args(false);
  command->footer(
      "Exit status: 0 explained, 1 not known, 2 the table cannot be read.\n"
      "Example:\n"
      "  icloud-milterctl replies explain HME1");
  command->callback([options, &chosen] { chosen = [options] { return explain(*options); }; });
}

void add_table(CLI::App& replies, const std::shared_ptr<Options>& options, Chosen& chosen) {
  CLI::App* const table = replies.add_subcommand("table", "Looks after the reply table.");
  table->require_subcommand(1);
  CLI::App* const check = table->add_subcommand(
      "check",
      "Reads the table and complains about entries that nothing reaches, and about actions that "
      "would harm an address for what is not its own.");
  check
      ->add_option("FILE", options->table,
                   "A table of your own, checked together with the built-in one. Default: the "
                   "built-in one alone.")
      ->option_text(" ");
  check->footer("Exit status: 0 good, 1 complaints, 2 it cannot be read.");
  check->callback([options, &chosen] { chosen = [options] { return check_table(*options); }; });
}

}  // namespace

void add_replies(CLI::App& app, Chosen& chosen) {
  CLI::App* const replies = app.add_subcommand(
      "replies", "Tells what receivers answer: the cause, whose it is, what to do.");
  replies->require_subcommand(1);
  const auto options = std::make_shared<Options>();
  add_classify(*replies, options, chosen);
  add_explain(*replies, options, chosen);
  add_table(*replies, options, chosen);
  add_learnt_replies(*replies, chosen);
  add_replies_follow(*replies, chosen);
  add_replies_intake(*replies, chosen);
}

}  // namespace icm::ctl
