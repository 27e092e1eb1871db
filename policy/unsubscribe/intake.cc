// SPDX-License-Identifier: Apache-2.0
#include "policy/unsubscribe/intake.h"

#include "policy/base/text.h"
#include "policy/message/structured.h"

namespace icm {
namespace {

constexpr std::size_t most_recipients = 64;  // that are looked at, of an envelope or a field
constexpr std::size_t most_words = 16;       // of a subject

// Fields that a delivery writes, the surest first, then those of the message itself.
constexpr std::string_view recipient_fields[] = {
    "X-Original-To", "Delivered-To", "Envelope-To", "To", "Cc", "Apparently-To"};

// RFC 3834 §5: a null reverse path; its usual stand-ins where a program had to write something.
bool is_null_sender(std::string_view sender) {
  sender = trim(sender);
  if (sender.starts_with('<')) sender.remove_prefix(1);
  if (sender.ends_with('>')) sender.remove_suffix(1);
  return sender.empty() || equal_ascii(sender.substr(0, sender.find('@')), "mailer-daemon");
}

// Whose word this is.
struct Machine {
  std::string reason;        // empty where somebody may have written it
  bool speaks_for_somebody;  // a program that sends a request for its user, and no answer
};

// RFC 3834 §5: "auto-generated" is no answer to anything; with a whole token it can be a wish that
// a program passes on. Answers quote what they answer, token and all.
Machine machine_of(const IntakeMail& mail) {
  const HeaderList& headers = mail.headers;
  const bool has_path = mail.sender || headers.count("Return-Path") > 0;
  if (has_path && is_null_sender(mail.sender ? *mail.sender : headers.text("Return-Path"))) {
    return {"the null reverse-path of a mail server's report (RFC 5321 section 4.5.5)", false};
  }
  const std::string submitted = headers.text("Auto-Submitted");
  const std::string_view keyword =
      trim(std::string_view(submitted).substr(0, submitted.find_first_of(";(")));
  if (headers.count("Auto-Submitted") > 0 && !equal_ascii(keyword, "no")) {
    return {fmt::format("Auto-Submitted: {} (RFC 3834 section 5)", for_log(keyword, 40)),
            equal_ascii(keyword, "auto-generated")};
  }
  const auto type = parse_content_type(headers.text("Content-Type"));
  if (type && type->type == "multipart" && type->subtype == "report") {
    return {"multipart/report (RFC 6522)", false};
  }
  // Older answering machines know no Auto-Submitted.
  for (const std::string_view name : {"X-Autoreply", "X-Autorespond"}) {
    if (headers.count(name) > 0) return {fmt::format("the field {}", name), false};
  }
  const std::string precedence = headers.text("Precedence");
  for (const std::string_view word : {"bulk", "junk", "list", "auto_reply"}) {
    if (equal_ascii(precedence, word)) {
      return {fmt::format("Precedence: {}", word), word != "auto_reply"};
    }
  }
  return {"", true};
}

// The tokens and marks in the addresses that the mail was sent to; "" for an address of ours
// without one.
std::vector<std::string> tokens_of_recipients(const UnsubscribePlace& place,
                                              const IntakeMail& mail) {
  std::vector<std::string> addresses = mail.recipients;
  if (addresses.empty()) {
    for (const std::string_view name : recipient_fields) {
      for (const HeaderField& field : mail.headers.all(name)) {
        const auto parsed = parse_address_list(field.value);
        if (!parsed) continue;
        for (const Address& address : *parsed) {
          if (addresses.size() < most_recipients) addresses.push_back(address.text());
        }
      }
    }
  }
  std::vector<std::string> found;
  for (const std::string& address : addresses) {
    const auto mailbox = Mailbox::parse(address);
    if (!mailbox) continue;
    if (auto token = token_of_recipient(place, *mailbox)) found.push_back(*std::move(token));
  }
  return found;
}

// "unsubscribe TOKEN", or the token alone, also behind "Re:".
std::vector<std::string> words_of_subject(const IntakeMail& mail) {
  std::string subject = mail.headers.text("Subject");
  for (char& c : subject) {
    if (is_wsp(c)) c = ' ';
  }
  std::vector<std::string> words;
  for (const std::string_view word : split(subject, ' ')) {
    if (!word.empty() && words.size() < most_words) words.emplace_back(word);
  }
  return words;
}

// Who a mark is tried with: the authors, as the message has them. A forger must hold the mark.
std::vector<Mailbox> authors_of(const IntakeMail& mail) {
  std::vector<Mailbox> authors;
  if (mail.headers.count("From") != 1) return authors;
  const auto parsed = parse_address_list(mail.headers.first("From")->value);
  if (!parsed) return authors;
  for (const Address& address : *parsed) {
    if (authors.size() == most_words) break;
    if (auto mailbox = Mailbox::parse(address.text())) authors.push_back(*std::move(mailbox));
  }
  return authors;
}

std::string evidence_of(std::string_view how, const IntakeMail& mail) {
  const bool is_apples = equal_ascii(mail.headers.text("X-Apple-Unsubscribe"), "true");
  const std::string id = mail.headers.text("Message-ID");
  return fmt::format("{}{}{}", how, is_apples ? ", by the button of Apple Mail" : "",
                     id.empty() ? "" : fmt::format(", Message-ID {}", for_log(id, 200)));
}

IntakeResult fulfil(UnsubscribeWish wish, std::string_view how, const IntakeMail& mail) {
  return {IntakeResult::Kind::wish, std::move(wish), evidence_of(how, mail)};
}

}  // namespace

IntakeResult read_intake(const UnsubscribeTokens& tokens, const UnsubscribePlace& place,
                         const std::vector<std::string>& scopes, const IntakeMail& mail) {
  using Kind = IntakeResult::Kind;
  Machine machine = machine_of(mail);
  if (!machine.speaks_for_somebody) return {Kind::automatic, {}, std::move(machine.reason)};
  const std::vector<std::string> given = tokens_of_recipients(place, mail);
  for (const std::string& token : given) {
    if (auto wish = tokens.read(token)) {
      return fulfil(*std::move(wish), "token in the address", mail);
    }
  }
  for (const std::string& word : words_of_subject(mail)) {
    if (auto wish = tokens.read(word)) {
      return fulfil(*std::move(wish), "token in the subject", mail);
    }
  }
  if (!machine.reason.empty()) return {Kind::automatic, {}, std::move(machine.reason)};
  const std::vector<Mailbox> authors = authors_of(mail);
  bool has_token = false;
  for (const std::string& mark : given) {
    has_token = has_token || !mark.empty();
    for (const Mailbox& author : authors) {
      if (auto wish = tokens.read_mark(mark, author, scopes)) {
        return fulfil(*std::move(wish), "mark in the address, and the author it was made for",
                      mail);
      }
    }
  }
  return {Kind::unclear,
          {},
          given.empty() ? "sent to no unsubscribe address of this site"
          : has_token   ? "what stands in the address is no token of ours, or a mark for another "
                          "author than wrote it"
                        : "neither address nor subject has a token"};
}

}  // namespace icm
