// SPDX-License-Identifier: Apache-2.0
//
// What the chapters of the policy format share: the message, its fields by name, and the findings.
// The policy itself is in format.cc, its manual in format.md.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "policy/config/config.h"
#include "policy/policy.h"

namespace icm::format {

// The fields that format has something to say about.
enum class Field {
  from,
  sender,
  reply_to,
  to,
  cc,
  bcc,
  date,
  message_id,
  in_reply_to,
  references,
  subject,
  mime_version,
  content_type,
  content_transfer_encoding,
  return_path,
  received,
};

inline constexpr std::array<std::string_view, 16> field_names = {
    "From",         "Sender",
    "Reply-To",     "To",
    "Cc",           "Bcc",
    "Date",         "Message-ID",
    "In-Reply-To",  "References",
    "Subject",      "MIME-Version",
    "Content-Type", "Content-Transfer-Encoding",
    "Return-Path",  "Received"};

constexpr std::string_view name_of(Field field) {
  return field_names[static_cast<std::size_t>(field)];
}

// How a message uses one field.
struct FieldUse {
  std::size_t count = 0;
  std::string_view value;  // of the first one
  bool present() const { return count > 0; }
};

// All fields looked up in one pass. Views into the HeaderList.
class FieldIndex {
 public:
  explicit FieldIndex(const HeaderList& headers);
  const FieldUse& operator[](Field field) const { return uses_[static_cast<std::size_t>(field)]; }
  bool has_content_field() const { return has_content_field_; }  // Content-*, RFC 2045 §9

 private:
  std::array<FieldUse, field_names.size()> uses_{};
  bool has_content_field_ = false;
};

// Code and enhanced code of a refusal.
struct Refusal {
  int code;
  std::string_view enhanced;
};
inline constexpr Refusal bad_content = {550, "5.6.0"};        // RFC 3463 §3.7
inline constexpr Refusal bad_utf8_header = {550, "5.6.9"};    // RFC 6531 §4.2
inline constexpr Refusal bad_sender_syntax = {550, "5.1.7"};  // RFC 3463 §3.2
inline constexpr Refusal bad_sender_domain = {550, "5.1.8"};  // RFC 3463 §3.2
inline constexpr Refusal routing_loop = {554, "5.4.6"};       // RFC 3463 §3.5
inline constexpr Refusal too_big = {552, "5.3.4"};            // RFC 3463 §3.4, RFC 1870 §6.1
inline constexpr Refusal not_authorized = {550, "5.7.1"};     // RFC 3463 §3.8

// A finding as this policy words it: the reply of a violation names rule, evidence and fix.
// `rule` has static storage.
Finding make_finding(Weight weight, std::string_view rule, std::string evidence, std::string fix,
                     Refusal refusal);

// The finding of the rule "size" for a message of that many octets.
Finding too_large(std::uint64_t size, const FormatConfig& config);

// One message under examination. Each rule speaks at most once, at the first place that breaks it.
class Report {
 public:
  Report(const Facts& message, const FormatConfig& settings)
      : facts(message), config(settings), fields(message.headers) {}

  const Facts& facts;
  const FormatConfig& config;
  const FieldIndex fields;

  // A violation.
  void refuse(std::string_view rule, std::string evidence, std::string fix,
              Refusal refusal = bad_content);

  // A violation for bulk mail, advice for other mail.
  void refuse_bulk(std::string_view rule, std::string evidence, std::string fix,
                   Refusal refusal = bad_content);

  // A violation, but advice for a notice from <>: a bounce quotes what it returns as it was, and
  // losing the bounce would be worse.
  void refuse_unless_notice(std::string_view rule, std::string evidence, std::string fix,
                            Refusal refusal = bad_content);

  void advise(std::string_view rule, std::string evidence, std::string fix);

  // Adds to the finding of a rule, which must have been made: what Apple would answer.
  void predict(std::string_view rule, std::string_view reply);

  void add(Finding finding);

  // A field that is not there may be among those beyond the bounds on the header.
  bool is_missing(Field field) const { return !fields[field].present() && !facts.header_overflow; }

  // A domain to spell a fix with, so that it can be copied: the author's, else the envelope's.
  std::string example_domain() const;

  Findings take() && { return std::move(findings_); }

 private:
  Findings findings_;
};

// Untrusted text as it stands in evidence: one line, printable, short.
std::string shown(std::string_view text);

// The text of an Error in evidence, whole unless it quotes much of the message.
std::string shown(const Error& error);

// Why no public DNS can have this domain, in words that continue "the domain ..."; nullopt when it
// can.
std::optional<std::string> domain_fault(std::string_view domain);

// The chapters, in the order of their findings.
void examine_authors(Report& report);         // format_authors.cc: From, Sender, every address
void examine_envelope(Report& report);        // format_authors.cc: the envelope sender
void examine_identification(Report& report);  // format_identification.cc: Date, Message-ID, trace
void examine_fields(Report& report);          // format_fields.cc: names, folds, lines, octets
void examine_body(Report& report);            // format_content.cc: line ends, lengths, size
void examine_mime(Report& report);            // format_content.cc: MIME and encoded words

}  // namespace icm::format
