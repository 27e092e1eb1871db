// SPDX-License-Identifier: Apache-2.0
#include "policy/replies/reply_table_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "policy/base/text.h"
#include "policy/config/yaml_tree.h"
#include "policy/replies/built_in_replies.h"

namespace icm {
namespace {

constexpr std::size_t max_text_octets = 2000;
constexpr std::size_t max_list_items = 20;
constexpr std::size_t max_problems = 50;

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-';
  });
}

bool is_code_beginning(std::string_view text) {
  return !text.empty() && text.size() <= 3 && text.front() >= '2' && text.front() <= '5' &&
         std::ranges::all_of(text, is_digit);
}

class EntryReader {
 public:
  explicit EntryReader(std::string_view name) : name_(name) {}

  ReplyEntries read(std::string_view text) {
    const YamlTree tree = parse_yaml(text);
    for (const YamlProblem& problem : tree.problems) complain(problem.place, problem.text);
    if (tree.root.kind != YamlNode::Kind::map) {
      if (tree.problems.empty()) complain(tree.root.place, "expected \"replies:\" and its list");
      return std::move(read_);
    }
    bool has_replies = false;
    for (const YamlEntry& entry : tree.root.entries) {
      if (entry.key != "replies" || std::exchange(has_replies, true)) {
        complain(entry.place, fmt::format("expected \"replies:\" alone and once, got \"{}\"",
                                          for_log(entry.key, 40)));
      } else {
        read_list(entry.value);
      }
    }
    return std::move(read_);
  }

 private:
  void complain(YamlPlace place, std::string_view text) {
    if (read_.problems.size() < max_problems) {
      read_.problems.push_back(fmt::format("{}:{}:{}: {}", name_, place.line, place.column, text));
    }
    entry_is_good_ = false;
  }

  void read_list(const YamlNode& list) {
    if (list.kind != YamlNode::Kind::list)
      return complain(list.place, "expected a list of replies");
    for (const YamlNode& item : list.items) {
      if (read_.entries.size() == max_reply_entries) {
        return complain(item.place, fmt::format("more than {} replies", max_reply_entries));
      }
      read_entry(item);
    }
  }

  void read_entry(const YamlNode& item) {
    if (item.kind != YamlNode::Kind::map) return complain(item.place, "expected a reply's fields");
    entry_is_good_ = true;
    ReplyEntry entry;
    std::set<std::string> keys;
    for (const YamlEntry& field : item.entries) {
      if (!keys.insert(field.key).second) {
        complain(field.place, fmt::format("{} stands twice", for_log(field.key, 40)));
      } else {
        read_field(field, entry);
      }
    }
    for (const std::string_view key : {"id", "class", "nature", "scope", "action", "confidence",
                                       "meaning", "remedy", "source", "date", "examples"}) {
      if (!keys.contains(std::string(key))) {
        complain(item.place, fmt::format("{} is missing", key));
      }
    }
    if (!keys.contains("pattern") && entry.codes.empty()) {
      complain(item.place, "a reply needs a pattern, or codes");
    }
    if (keys.contains("id") && !entry.id.empty() && !ids_.insert(entry.id).second) {
      complain(item.place, fmt::format("the id {} stands twice", entry.id));
    }
    if (entry_is_good_) read_.entries.push_back(std::move(entry));
  }

  void read_field(const YamlEntry& field, ReplyEntry& entry) {
    const std::string& key = field.key;
    if (key == "id") return read_id(field.value, entry.id);
    if (key == "pattern") return void(read_text(field.value, entry.pattern));
    if (key == "codes") return read_codes(field.value, entry.codes);
    if (key == "enhanced") return void(read_text(field.value, entry.enhanced));
    if (key == "by") return read_speaker(field.value, entry.by);
    if (key == "class") return read_word(field.value, entry.reply_class);
    if (key == "nature") return read_word(field.value, entry.nature);
    if (key == "scope") return read_word(field.value, entry.scope);
    if (key == "action") return read_word(field.value, entry.action);
    if (key == "confidence") return read_word(field.value, entry.confidence);
    if (key == "meaning") return void(read_text(field.value, entry.meaning));
    if (key == "remedy") return void(read_text(field.value, entry.remedy));
    if (key == "source") return void(read_text(field.value, entry.source));
    if (key == "date") return read_date(field.value, entry.date);
    if (key == "examples") return read_texts(field.value, entry.examples);
    complain(field.place, fmt::format("a reply has no field \"{}\"", for_log(key, 40)));
  }

  bool read_text(const YamlNode& node, std::string& text) {
    if (node.kind == YamlNode::Kind::refused) return entry_is_good_ = false;
    if (node.kind != YamlNode::Kind::text || node.text.empty()) {
      complain(node.place, "expected a text");
      return false;
    }
    if (node.text.size() > max_text_octets) {
      complain(node.place, fmt::format("expected at most {} octets", max_text_octets));
      return false;
    }
    text = node.text;
    return true;
  }

  void read_id(const YamlNode& node, std::string& id) {
    if (!read_text(node, id) || is_id(id)) return;
    complain(node.place, "an id has small letters, digits and hyphens, at most 64");
    id.clear();
  }

  void read_date(const YamlNode& node, std::string& date) {
    if (!read_text(node, date)) return;
    const bool has_form = (date.size() == 7 || date.size() == 10) && date[4] == '-' &&
                          std::ranges::all_of(date, [](char c) { return is_digit(c) || c == '-'; });
    if (!has_form) complain(node.place, "expected a date as 2026-09 or 2026-09-23");
  }

  void read_texts(const YamlNode& node, std::vector<std::string>& texts) {
    if (node.kind != YamlNode::Kind::list || node.items.empty() ||
        node.items.size() > max_list_items) {
      return complain(node.place, fmt::format("expected a list of 1 to {} texts", max_list_items));
    }
    for (const YamlNode& item : node.items) read_text(item, texts.emplace_back());
  }

  void read_codes(const YamlNode& node, std::vector<std::string>& codes) {
    read_texts(node, codes);
    if (!std::ranges::all_of(codes, is_code_beginning)) {
      complain(node.place, "expected codes or how they begin, such as 550 or 4");
    }
  }

  void read_speaker(const YamlNode& node, Speaker& speaker) {
    std::string word;
    if (!read_text(node, word)) return;
    if (word == "receiver") {
      speaker = Speaker::receiver;
    } else if (word == "ourselves") {
      speaker = Speaker::ourselves;
    } else {
      complain(node.place,
               fmt::format("expected receiver or ourselves, got \"{}\"", for_log(word, 40)));
    }
  }

  template <class Word>
  void read_word(const YamlNode& node, Word& word) {
    std::string text;
    if (!read_text(node, text)) return;
    if (const auto known = reply_word<Word>(text)) {
      word = *known;
      return;
    }
    complain(node.place, fmt::format("expected one of {}; got \"{}\"",
                                     fmt::join(reply_spellings<Word>(), ", "), for_log(text, 40)));
  }

  std::string name_;
  ReplyEntries read_;
  std::set<std::string> ids_;
  bool entry_is_good_ = true;
};

}  // namespace

ReplyEntries read_reply_entries(std::string_view name, std::string_view text) {
  return EntryReader(name).read(text);
}

std::vector<ReplyEntry> built_in_replies() {
  std::vector<ReplyEntry> all;
  for (const BuiltInReplies& part : built_in_reply_files) {
    ReplyEntries read = read_reply_entries(part.name, part.text);
    std::ranges::move(read.entries, std::back_inserter(all));
  }
  return all;
}

std::vector<ReplyEntry> extended_replies(std::vector<ReplyEntry> built_in,
                                         std::vector<ReplyEntry> own) {
  std::vector<ReplyEntry> all;
  for (ReplyEntry& entry : own) {
    const auto same = std::ranges::find_if(
        built_in, [&](const ReplyEntry& other) { return other.id == entry.id; });
    if (same == built_in.end()) {
      all.push_back(std::move(entry));
    } else {
      *same = std::move(entry);
    }
  }
  std::ranges::move(built_in, std::back_inserter(all));
  return all;
}

Result<std::string> read_reply_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Code::config, fmt::format("{}: {}", path, std::strerror(errno)));
  std::string text(max_reply_table_octets + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return fail(Code::config, fmt::format("{}: cannot be read", path));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > max_reply_table_octets) {
    return fail(Code::config,
                fmt::format("{}: larger than {} octets", path, max_reply_table_octets));
  }
  return text;
}

Result<ReplyTable> load_reply_table(const std::string& path) {
  if (path.empty()) return ReplyTable::make(built_in_replies());
  ICM_TRY(const std::string text, read_reply_file(path));
  ReplyEntries own = read_reply_entries(path, text);
  if (!own.problems.empty()) return fail(Code::config, own.problems.front());
  auto table = ReplyTable::make(extended_replies(built_in_replies(), std::move(own.entries)));
  if (!table) return fail_at(path, table.error());
  return table;
}

}  // namespace icm
