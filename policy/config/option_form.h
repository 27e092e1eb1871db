// SPDX-License-Identifier: Apache-2.0
//
// Form<T>: how a value of an option is written in milter.conf, read from there, and described to
// people. OptionVisitor maps what `describe` calls (config.h) to forms, so that the reader and the
// reference each say only what they do with a form.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/result.h"
#include "policy/config/config.h"

namespace icm {

// How free a written value is: a text may be anything, a word is one of our own making (a mode, a
// span, permissions), numbers and flags are such to programs too.
enum class ValueKind { text, word, number, flag };

template <class T>
struct Form {
  ValueKind kind = ValueKind::text;
  std::string expected;  // "a whole number from 1 to 6000": completes "expected ..."
  std::string one;       // for lists of it: "domain names" completes "a list of ..."

  // An Error's text is what there is to say beyond `expected`, may quote the value, and is empty
  // when there is nothing.
  std::function<Result<T>(std::string_view)> parse;
  std::function<std::string(const T&)> write;  // parse reads it back to an equal value
};

Form<std::string> text_form();
Form<std::string> name_form();
Form<std::string> path_form();
Form<std::string> socket_form();
Form<std::string> socket_or_none_form();
Form<std::string> word_form(std::vector<std::string_view> words);
Form<bool> flag_form();
Form<int> octal_form(int low, int high);
Form<int> number_form(int low, int high);
Form<std::uint64_t> size_form(std::uint64_t low, std::uint64_t high);
Form<std::chrono::seconds> span_form(std::chrono::seconds low, std::chrono::seconds high,
                                     std::string_view because);
Form<std::optional<WallTime>> time_form();
Form<Domain> domain_form();
Form<IpRange> range_form();
Form<IpAddress> address_form();
Form<NameServer> server_form();
Form<RedisAddress> redis_server_form();
Form<std::string> domain_name_form();  // as Domain::text()
Form<std::string> selector_form();     // RFC 6376 §3.1, in lower case
Form<std::string> key_file_form();     // /PATH or credential:NAME
Form<std::string> secret_file_form();  // the same, or empty

// "a, b or c"
std::string one_of(const std::vector<std::string_view>& words);

// What to say of a word that is none of `words`: the nearest, or that a program turned `off` into a
// YAML boolean. Empty when there is nothing to say.
std::string hint_for(std::string_view given, const std::vector<std::string_view>& words);

template <class Enum>
Form<Enum> choice_form() {
  std::vector<std::string_view> words;
  for (const EnumName<Enum>& name : enum_names<Enum>()) words.push_back(name.name);
  Form<Enum> form;
  form.kind = ValueKind::word;
  form.expected = one_of(words);
  form.one = form.expected;
  form.parse = [words](std::string_view given) -> Result<Enum> {
    for (const EnumName<Enum>& name : enum_names<Enum>()) {
      if (name.name == given) return name.value;
    }
    return fail(Code::config, hint_for(given, words));
  };
  form.write = [](const Enum& value) {
    for (const EnumName<Enum>& name : enum_names<Enum>()) {
      if (name.value == value) return std::string(name.name);
    }
    return std::string();
  };
  return form;
}

// A derived class offers
//   scalar(key, member, form, sentence)            one value
//   values(key, vector of members, form, sentence) a list
//   modes(key, map, sentence)
//   section(key, struct, sentence), policy(key, struct, sentence)
//   list(key, vector of structs, example, sentence)
// with key and sentence as std::string_view of static storage.
template <class Derived>
class OptionVisitor {
 public:
  using Words = std::string_view;
  using Span = std::chrono::seconds;

  void text(Words key, std::string& member, Words sentence) {
    self().scalar(key, member, text_form(), sentence);
  }
  void name(Words key, std::string& member, Words sentence) {
    self().scalar(key, member, name_form(), sentence);
  }
  void path(Words key, std::string& member, Words sentence) {
    self().scalar(key, member, path_form(), sentence);
  }
  void socket(Words key, std::string& member, Words sentence) {
    self().scalar(key, member, socket_form(), sentence);
  }
  void socket_or_none(Words key, std::string& member, Words sentence) {
    self().scalar(key, member, socket_or_none_form(), sentence);
  }
  void domain_name(Words key, std::string& member, Words sentence) {
    self().scalar(key, member, domain_name_form(), sentence);
  }
  void selector(Words key, std::string& member, Words sentence) {
    self().scalar(key, member, selector_form(), sentence);
  }
  void key_file(Words key, std::string& member, Words sentence) {
    self().scalar(key, member, key_file_form(), sentence);
  }
  void secret_file(Words key, std::string& member, Words sentence) {
    self().scalar(key, member, secret_file_form(), sentence);
  }
  void word(Words key, std::string& member, std::vector<Words> words, Words sentence) {
    self().scalar(key, member, word_form(std::move(words)), sentence);
  }
  void flag(Words key, bool& member, Words sentence) {
    self().scalar(key, member, flag_form(), sentence);
  }
  void octal(Words key, int& member, int low, int high, Words sentence) {
    self().scalar(key, member, octal_form(low, high), sentence);
  }
  void number(Words key, int& member, int low, int high, Words sentence) {
    self().scalar(key, member, number_form(low, high), sentence);
  }
  void size(Words key, std::uint64_t& member, std::uint64_t low, std::uint64_t high,
            Words sentence) {
    self().scalar(key, member, size_form(low, high), sentence);
  }
  void span(Words key, Span& member, Span low, Span high, Words sentence, Words because = {}) {
    self().scalar(key, member, span_form(low, high, because), sentence);
  }
  void spans(Words key, std::vector<Span>& member, Span low, Span high, Words sentence) {
    self().values(key, member, span_form(low, high, {}), sentence);
  }
  void time(Words key, std::optional<WallTime>& member, Words sentence) {
    self().scalar(key, member, time_form(), sentence);
  }
  template <class Enum>
  void choice(Words key, Enum& member, Words sentence) {
    self().scalar(key, member, choice_form<Enum>(), sentence);
  }
  void texts(Words key, std::vector<std::string>& member, Words sentence) {
    self().values(key, member, text_form(), sentence);
  }
  void domains(Words key, std::vector<Domain>& member, Words sentence) {
    self().values(key, member, domain_form(), sentence);
  }
  void domain_names(Words key, std::vector<std::string>& member, Words sentence) {
    self().values(key, member, domain_name_form(), sentence);
  }
  void addresses(Words key, std::vector<IpAddress>& member, Words sentence) {
    self().values(key, member, address_form(), sentence);
  }
  void ranges(Words key, std::vector<IpRange>& member, Words sentence) {
    self().values(key, member, range_form(), sentence);
  }
  void servers(Words key, std::vector<NameServer>& member, Words sentence) {
    self().values(key, member, server_form(), sentence);
  }
  void redis_servers(Words key, std::vector<RedisAddress>& member, Words sentence) {
    self().values(key, member, redis_server_form(), sentence);
  }
  template <class Enum>
  void choices(Words key, std::vector<Enum>& member, Words sentence) {
    self().values(key, member, choice_form<Enum>(), sentence);
  }

 private:
  Derived& self() { return static_cast<Derived&>(*this); }
};

}  // namespace icm
