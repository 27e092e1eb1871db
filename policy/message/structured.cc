// SPDX-License-Identifier: Apache-2.0
//
// Message identifiers (RFC 5322 §3.6.4, §4.5.4) and Content-Type (RFC 2045 §5.1). Address lists
// and dates have files of their own.
#include "policy/message/structured.h"

#include "policy/base/text.h"
#include "policy/message/field_scanner.h"

namespace icm {
namespace {

class MessageIdParser {
 public:
  explicit MessageIdParser(std::string_view value) : scanner_(value) {}

  Result<MessageId> parse() {
    ICM_CHECK(scanner_.gap());
    if (!scanner_.take('<')) return scanner_.expected("\"<\"");
    ICM_CHECK(left());
    if (!scanner_.take('@')) return scanner_.expected("\"@\"");
    ICM_CHECK(right());
    if (!scanner_.take('>')) return scanner_.expected("\">\"");
    ICM_CHECK(scanner_.gap());
    if (!scanner_.at_end()) return scanner_.expected("the end");
    return std::move(read_);
  }

 private:
  // Blanks and comments inside the brackets are of §4.5.4 only.
  Status obsolete_gap() {
    ICM_TRY(const Gap gap, scanner_.gap());
    if (gap.present) read_.obsolete_syntax = true;
    return {};
  }

  // dot-atom-text / obs-id-left, which is a local part
  Status left() {
    for (;;) {
      ICM_CHECK(obsolete_gap());
      if (scanner_.next_is('"')) {
        ICM_TRY(const QuotedText quoted, scanner_.quoted_string());
        read_.left += quoted.text;
        read_.obsolete_syntax = true;
      } else {
        const std::string_view atom = scanner_.take_while(is_atext);
        if (atom.empty()) return scanner_.expected("the left side of the identifier");
        read_.left += atom;
      }
      ICM_CHECK(obsolete_gap());
      if (!scanner_.take('.')) return {};
      read_.left += '.';
    }
  }

  // dot-atom-text / no-fold-literal / obs-id-right, which is a domain
  Status right() {
    ICM_CHECK(obsolete_gap());
    if (scanner_.next_is('[')) {
      ICM_TRY(const QuotedText literal, scanner_.domain_literal());
      read_.right = literal.text;
      if (literal.obsolete_syntax) read_.obsolete_syntax = true;
      return obsolete_gap();
    }
    for (;;) {
      const std::string_view atom = scanner_.take_while(is_atext);
      if (atom.empty()) return scanner_.expected("the right side of the identifier");
      read_.right += atom;
      ICM_CHECK(obsolete_gap());
      if (!scanner_.take('.')) return {};
      read_.right += '.';
      ICM_CHECK(obsolete_gap());
    }
  }

  FieldScanner scanner_;
  MessageId read_;
};

// RFC 2045 §5.1 token
bool is_token(char c) {
  constexpr std::string_view tspecials = "()<>@,;:\\\"/[]?=";
  return c > ' ' && c < 0x7f && tspecials.find(c) == std::string_view::npos;
}

class ContentTypeParser {
 public:
  explicit ContentTypeParser(std::string_view value) : scanner_(value) {}

  Result<ContentType> parse() {
    ICM_TRY(read_.type, token("a type"));
    if (!scanner_.take('/')) return scanner_.expected("\"/\" after the type");
    ICM_TRY(read_.subtype, token("a subtype"));
    while (scanner_.take(';')) {
      ICM_CHECK(scanner_.gap());
      if (scanner_.at_end() || scanner_.next_is(';')) continue;
      ICM_CHECK(parameter());
    }
    if (!scanner_.at_end()) return scanner_.expected("\";\" or the end");
    return std::move(read_);
  }

 private:
  // A token in lower case, with the gaps around it.
  Result<std::string> token(std::string_view what) {
    ICM_CHECK(scanner_.gap());
    const std::string_view token = scanner_.take_while(is_token);
    if (token.empty()) return scanner_.expected(what);
    ICM_CHECK(scanner_.gap());
    return lower_ascii(token);
  }

  Status parameter() {
    MimeParameter parameter;
    ICM_TRY(parameter.name, token("the name of a parameter"));
    if (!scanner_.take('=')) return scanner_.expected("\"=\" after the name of the parameter");
    ICM_CHECK(scanner_.gap());
    if (scanner_.next_is('"')) {
      ICM_TRY(QuotedText quoted, scanner_.quoted_string());
      parameter.value = std::move(quoted.text);
    } else {
      parameter.value = scanner_.take_while(is_token);
      if (parameter.value.empty()) return scanner_.expected("a value, quoted unless it is a token");
    }
    ICM_CHECK(scanner_.gap());
    read_.parameters.push_back(std::move(parameter));
    return {};
  }

  FieldScanner scanner_;
  ContentType read_;
};

}  // namespace

Result<MessageId> parse_message_id(std::string_view value) {
  return MessageIdParser(value).parse();
}

Result<ContentType> parse_content_type(std::string_view value) {
  return ContentTypeParser(value).parse();
}

std::string ContentType::parameter(std::string_view name) const {
  for (const MimeParameter& parameter : parameters) {
    if (parameter.name == name) return parameter.value;
  }
  return {};
}

}  // namespace icm
