// SPDX-License-Identifier: Apache-2.0
#include "policy/egress.h"

#include <algorithm>

namespace icm {

SpfQuestions leaving_by(const Config& config, const Envelope& envelope,
                        const Classification& classification, std::string_view host) {
  SpfQuestions questions;
  questions.clients = config.egress.addresses;
  questions.helo = config.egress.helo.empty() ? host : config.egress.helo;
  questions.mail_from = envelope.reverse_path.text;
  if (classification.stream.empty()) return questions;
  const auto stream = std::ranges::find(config.streams, classification.stream, &StreamConfig::name);
  if (stream == config.streams.end()) return questions;
  if (!stream->egress.empty()) questions.clients = stream->egress;
  if (!stream->helo.empty()) questions.helo = stream->helo;
  return questions;
}

SpfQuestions entering_by(const Envelope& envelope, std::string_view receiver) {
  SpfQuestions questions;
  if (envelope.client) questions.clients.push_back(*envelope.client);
  questions.helo = envelope.helo;
  questions.mail_from = envelope.reverse_path.text;
  questions.receiver = receiver;
  return questions;
}

}  // namespace icm
