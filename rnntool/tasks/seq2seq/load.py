"""Open a trained sequence-to-sequence model, and generate with it.

Shapes: B batch, S source steps, V target vocabulary.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from rnntool.data.sequences import Sequences, sorted_batches
from rnntool.data.splitter import Split, text_splitter
from rnntool.data.tokenize_worker import WorkerOptions
from rnntool.formats.rundir import TARGET_VOCAB, Run
from rnntool.formats.vocab import read_vocabulary
from rnntool.generation.generate import beam_search
from rnntool.inference.language_model import Floats, States
from rnntool.models.seq2seq import Memory, Seq2Seq
from rnntool.reporting import Reporter
from rnntool.runs.inference_settings import InferenceSettings
from rnntool.runs.load import Opened, open_trained
from rnntool.tasks.lm.torch_model import batch_second, first_axis
from rnntool.tasks.seq2seq.settings import Seq2SeqSettings
from rnntool.tasks.seq2seq.task import build_model
from rnntool.text.spec import parse_identity
from rnntool.text.units import Unit
from rnntool.text.vocabulary import BOS_ID, EOS_ID, PAD_ID, UNK_ID, Vocabulary

_EVAL_TOKENS = 8_192  # maximum size of a padded batch of sources


@dataclass(frozen=True)
class TrainedSeq2Seq(Opened[Seq2SeqSettings, Seq2Seq]):
    """A seq2seq model from a run directory."""

    targets: Vocabulary
    unit: Unit

    def splitter(
        self, settings: InferenceSettings, report: Reporter
    ) -> AbstractContextManager[Split]:
        """A splitter of texts into the model's units."""
        worker = WorkerOptions(
            self.run.config.tokenizer, self.run.subword_model(), settings.jvm_heap
        )
        return text_splitter(self.unit, worker, settings.workers, report)

    def answers(self, sources: Sequences, length: int, beam: int) -> list[str]:
        """The output for each of N sources.

        Args:
            length: maximum number of tokens.
            beam: number of hypotheses; 0: greedy.
        """
        written = self._searched(sources, length, beam) if beam else self._greedy(sources, length)
        return [self.unit.text(self.targets.decode(ids)) for ids in written]

    def _greedy(self, sources: Sequences, length: int) -> list[list[int]]:
        texts: list[list[int]] = [[] for _ in range(len(sources))]
        with torch.inference_mode():
            for rows in sorted_batches(sources.lengths, _EVAL_TOKENS):
                for row, ids in zip(rows.tolist(), self._write(sources, rows, length), strict=True):
                    texts[row] = ids
        return texts

    def _write(self, sources: Sequences, rows: NDArray[np.int64], length: int) -> list[list[int]]:
        """The likeliest token at each step for a batch, until all texts have ended."""
        memory = self._read(sources, rows)
        state = memory.start
        token = torch.full((len(rows), 1), BOS_ID, device=self.device)
        ended = torch.zeros(len(rows), dtype=torch.bool, device=self.device)
        steps = []
        for _ in range(length):
            features, state = self.model.write(token, memory, state)
            scores = self.model.output.linear(features[:, -1]).float()
            scores[:, [PAD_ID, UNK_ID, BOS_ID]] = -torch.inf
            token = scores.argmax(dim=1, keepdim=True)
            ended |= token[:, 0] == EOS_ID
            steps.append(token[:, 0].masked_fill(ended, EOS_ID))
            if bool(ended.all()):
                break
        whole = torch.stack(steps, dim=1).tolist()
        return [[*ids, EOS_ID][: [*ids, EOS_ID].index(EOS_ID)] for ids in whole]

    def _searched(self, sources: Sequences, length: int, beam: int) -> list[list[int]]:
        found = []
        for row in range(len(sources)):
            with torch.inference_mode():
                engine = Seq2SeqDecoder(self.model, self._read(sources, np.array([row])))
                found.append(beam_search(engine, self.targets, self.unit, [], length, beam))
        return found

    def _read(self, sources: Sequences, rows: NDArray[np.int64]) -> Memory:
        ids, lengths = sources.padded(rows)
        tensors = (torch.from_numpy(a).to(self.device) for a in (ids, lengths))
        return self.model.read(*tensors)


class Seq2SeqDecoder:
    """The decoder for one source as a `StepModel`, for beam search in `generation/`."""

    def __init__(self, model: Seq2Seq, memory: Memory) -> None:
        self.model, self.memory = model, memory

    def zero_states(self) -> States:
        """The decoder's first state, from the encoder."""
        return first_axis(self.memory.start)

    def step(self, ids: NDArray[np.int64], states: States) -> tuple[Floats, States]:
        """[B] tokens -> [B, V] log-probabilities of the next, and new states."""
        B = len(ids)
        tokens = torch.from_numpy(ids).to(self.memory.states.device).unsqueeze(1)
        memory = Memory(
            self.memory.states.expand(B, -1, -1), self.memory.lengths.expand(B), self.memory.start
        )
        features, after = self.model.write(tokens, memory, batch_second(states))
        scores = torch.log_softmax(self.model.output.linear(features[:, -1]).double(), dim=-1)
        return scores.cpu().numpy(), first_axis(after)


def load_seq2seq(run: str | Run, device: str = "auto", threads: int = 0) -> TrainedSeq2Seq:
    """Open a run of `train seq2seq`.

    Raises:
        UserError: the path is not a run, the run is damaged, or it is of another task.
    """

    def targets(run: Run) -> Vocabulary:
        return read_vocabulary(str(run.path / TARGET_VOCAB))

    def fresh(settings: Seq2SeqSettings, run: Run) -> Seq2Seq:
        return build_model(settings, run.vocabulary, targets(run))

    opened = open_trained(run, "seq2seq", Seq2SeqSettings, fresh, device, threads)
    unit = Unit(parse_identity(opened.run.config.tokenizer), documents=True)
    return TrainedSeq2Seq(**vars(opened), targets=targets(opened.run), unit=unit)
