// SPDX-License-Identifier: Apache-2.0
#include "policy/second_look.h"

#include "policy/auth/second_opinion.h"
#include "policy/base/text.h"

namespace icm {
namespace {

std::string in_words(std::string_view library, const SecondOpinion& theirs) {
  return fmt::format("{} says {}", library, theirs.result);
}

// What a word that differs from ours makes of a result.
SpfStatus spf_status(std::string_view word) {
  if (word == "pass") return SpfStatus::pass;
  return word == "temperror" ? SpfStatus::temp_error : SpfStatus::fail;
}

DkimStatus dkim_status(std::string_view word) {
  if (word == "pass") return DkimStatus::pass;
  return word == "temperror" ? DkimStatus::temp_error : DkimStatus::fail;
}

void join(std::string& words, const std::string& more) {
  if (words.find(more) != std::string::npos) return;
  words += fmt::format("{}{}", words.empty() ? "" : ", ", more);
}

}  // namespace

std::string SecondLook::ask_spf(const ClientSpf& ours, std::string* word) {
  if (facts_.second_opinions == nullptr || facts_.spf_questions == nullptr) return {};
  const SpfQuestions& asked = *facts_.spf_questions;
  const SecondOpinion theirs = facts_.second_opinions->spf({.client = ours.client,
                                                            .helo = asked.helo,
                                                            .mail_from = asked.mail_from,
                                                            .receiver = asked.receiver,
                                                            .now = facts_.now},
                                                           deadline_);
  if (agreement(ours.result, theirs) != Agreement::disputed) return {};
  if (word != nullptr) *word = theirs.result;
  return in_words("libspf2", theirs);
}

std::string SecondLook::ask_dkim(std::size_t index, std::string* word) {
  if (facts_.second_opinions == nullptr) return {};
  const DkimResult& ours = facts_.authentication->dkim[index];
  const SecondOpinion theirs = facts_.second_opinions->dkim(index, ours, facts_.now, deadline_);
  if (agreement(ours, theirs) != Agreement::disputed) return {};
  if (word != nullptr) *word = theirs.result;
  return in_words("libopendkim", theirs);
}

std::string SecondLook::against_spf(const std::vector<const ClientSpf*>& results) {
  std::string words;
  for (const ClientSpf* ours : results) {
    const std::string said = ask_spf(*ours);
    if (said.empty()) return {};
    join(words, said);
  }
  return words;
}

std::string SecondLook::against_dkim(std::size_t index) { return ask_dkim(index); }

std::string SecondLook::against_all_dkim() {
  for (std::size_t i = 0; i < facts_.authentication->dkim.size(); ++i) {
    if (std::string said = ask_dkim(i); !said.empty()) return said;
  }
  return {};
}

const Authentication& SecondLook::as_libraries_say() {
  if (theirs_) return *theirs_;
  theirs_ = *facts_.authentication;
  std::string word;
  for (ClientSpf& each : theirs_->spf) {
    if (each.result.status == SpfStatus::pass) continue;
    const std::string said = ask_spf(each, &word);
    if (said.empty()) continue;
    each.result.status = spf_status(word);
    join(differences_, said);
  }
  for (std::size_t i = 0; i < theirs_->dkim.size(); ++i) {
    if (theirs_->dkim[i].status == DkimStatus::pass) continue;
    const std::string said = ask_dkim(i, &word);
    if (said.empty()) continue;
    theirs_->dkim[i].status = dkim_status(word);
    join(differences_, said);
  }
  return *theirs_;
}

const std::string& SecondLook::differences() {
  as_libraries_say();
  return differences_;
}

std::string SecondLook::against_dmarc(DmarcStandard standard) {
  if (facts_.second_opinions == nullptr || facts_.sources == nullptr) return {};
  const Authentication& ours = *facts_.authentication;
  const DmarcVerdict& verdict = ours.dmarc.by(standard);
  if (!differences().empty()) {
    const SpfResult spf = theirs_->weakest_spf();
    const DmarcResult again =
        check_dmarc({facts_.authors, spf, theirs_->dkim}, facts_.sources->dmarc,
                    facts_.sources->suffixes, deadline_);
    if (again.by(standard).status != verdict.status) return differences_;
  }
  const SpfResult spf = ours.weakest_spf();
  const SecondOpinion theirs = facts_.second_opinions->dmarc({facts_.authors, spf, ours.dkim},
                                                             ours.dmarc, standard, deadline_);
  return agreement(verdict, theirs) == Agreement::disputed ? in_words("libopendmarc", theirs)
                                                           : std::string();
}

void SecondLook::dispute(Finding& finding, const std::string& words) const {
  if (words.empty()) return;
  if (config_.enforce_disputed) {
    finding.evidence += fmt::format(" ({})", words);
  } else {
    finding.disputed = words;
  }
}

}  // namespace icm
