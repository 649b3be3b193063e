"""The TinyMyo encoder with one of its heads."""

import torch
from torch import Tensor, nn

from components.failures import InputError
from components.models.residual import shrink_branches
from components.models.rotary import frequencies
from components.models.tinymyo.blocks import Block, PatchEmbedding, hide
from components.models.tinymyo.heads import Classification, Reconstruction, Regression
from components.models.tinymyo.options import CHANNEL_ROWS, check_options, check_sizes


class TinyMyo(nn.Module):
    """Patches of every EMG channel, attention over all of them, and a small head.

    Two incompatible generations bear the name; a checkpoint of generation 2 has `channel_embed`,
    one of generation 1 has not. Generation 1 as published turns queries and keys by the number of
    their head, which cancels out: it knows neither time nor channel order within the attention,
    and is written here without the turn. Generation 2 turns them by the patch's place in time and
    adds an embedding of the channel.

    Args:
        img_size: samples T of a window, a multiple of `patch_size`.
        patch_size: samples P of a patch.
        in_chans: channels C, at most 16 in generation 2.
        embed_dim: width D of a token, a multiple of `n_head`.
        n_layer: number of blocks.
        n_head: attention heads.
        mlp_ratio: width of the feed-forward layer as a multiple of D.
        qkv_bias: whether queries, keys and values have a bias.
        attn_drop, proj_drop: dropout on attention weights and on the layers' outputs.
        drop_path: share of branches dropped in training, the same in every block.
        num_classes: outputs of the head; 0 is the pre-training form in generation 1.
        task: `classification`, `regression` or `pretraining`.
        classification_type: without effect; published configurations name it.
        reduction_type: `concat` classifies the mean of each channel, `mean` (generation 1 alone)
            that of all channels.
        reg_target_len: values in time that a regression gives; None for 500 in generation 1 and
            T in generation 2.
        generation: 1 or 2.

    Raises:
        ValueError: sizes or options that cannot be together.
    """

    def __init__(
        self,
        img_size: int = 1000,
        patch_size: int = 20,
        in_chans: int = 16,
        embed_dim: int = 192,
        n_layer: int = 8,
        n_head: int = 3,
        mlp_ratio: float = 4,
        qkv_bias: bool = True,
        attn_drop: float = 0.1,
        proj_drop: float = 0.1,
        drop_path: float = 0.1,
        num_classes: int = 53,
        task: str = "classification",
        classification_type: str = "ml",
        reduction_type: str = "concat",
        reg_target_len: int | None = None,
        generation: int = 1,
    ) -> None:
        super().__init__()
        task = "pretraining" if generation == 1 and num_classes == 0 else task
        check_options(generation, task, reduction_type, num_classes)
        check_sizes(generation, img_size, patch_size, in_chans, embed_dim, n_head)
        self.generation, self.in_chans, self.patch_size = generation, in_chans, patch_size
        self.head_width = embed_dim // n_head
        self.mask_token = nn.Parameter(torch.empty(1, 1, embed_dim))
        # Without a mask it gets no gradient, which stops a distributed training.
        self.mask_token.requires_grad_(task == "pretraining")
        if generation == 2:
            self.channel_embed = nn.Parameter(torch.empty(1, CHANNEL_ROWS, 1, embed_dim))
        self.patch_embedding = PatchEmbedding(patch_size, embed_dim)
        self.blocks = nn.ModuleList(
            Block(embed_dim, n_head, mlp_ratio, qkv_bias, attn_drop, proj_drop, drop_path)
            for _ in range(n_layer)
        )
        self.norm = nn.LayerNorm(embed_dim)
        if task == "pretraining":
            self.model_head = Reconstruction(embed_dim, patch_size)
        elif task == "regression":
            length = reg_target_len or (500 if generation == 1 else img_size)
            self.model_head = Regression(in_chans, embed_dim, num_classes, length)
        else:
            self.model_head = Classification(in_chans, embed_dim, num_classes, reduction_type)
        self._initialize()

    def features(
        self, x: Tensor, mask: Tensor | None = None, pad_mask_ch: Tensor | None = None
    ) -> Tensor:
        """Maps windows (B, C, T) to tokens (B, C * S, D); the arguments are those of `forward`."""
        self._check_input(x, pad_mask_ch)
        tokens = self.patch_embedding(x)
        if mask is not None:
            tokens = hide(tokens, mask, self.mask_token)
        angles = visible = None
        if self.generation == 2:
            patches = x.shape[-1] // self.patch_size
            of_channels = tokens.unflatten(1, (self.in_chans, patches))
            tokens = (of_channels + self.channel_embed[:, : self.in_chans]).flatten(1, 2)
            places = torch.arange(patches, device=x.device).repeat(self.in_chans)
            angles = places[:, None] * frequencies(self.head_width, x.device)
            if pad_mask_ch is not None:
                visible = ~pad_mask_ch.repeat_interleave(patches, 1)[:, None, None]
        for block in self.blocks:
            tokens = block(tokens, angles, visible)
        return self.norm(tokens)

    def forward(
        self, x: Tensor, mask: Tensor | None = None, pad_mask_ch: Tensor | None = None
    ) -> Tensor:
        """Maps windows to what the head gives.

        Args:
            x: (B, C, T).
            mask: (B, C, T), true where a sample is hidden; its whole patch is hidden then.
            pad_mask_ch: (B, C), true for channels that are padding, which nobody looks at;
                generation 2 alone.

        Returns:
            Logits (B, num_classes), curves (B, reg_target_len, num_classes), or patches
            (B, C * S, P).

        Raises:
            InputError: another number of channels, or no whole number of patches.
        """
        return self.model_head(self.features(x, mask, pad_mask_ch))

    def _check_input(self, x: Tensor, pad_mask_ch: Tensor | None) -> None:
        if pad_mask_ch is not None and self.generation == 1:
            raise ValueError("pad_mask_ch: only generation 2 knows padded channels")
        channels, samples = x.shape[1:]
        if channels != self.in_chans:
            raise InputError(
                f"model.in_chans={self.in_chans}: the windows have {channels} channels; "
                f"set model.in_chans={channels}"
            )
        if samples % self.patch_size:
            raise InputError(
                f"model.patch_size={self.patch_size}: the windows have {samples} samples, which is "
                "no multiple of it; cut them to one"
            )

    def _initialize(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Conv1d):
                nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Conv2d):
                nn.init.xavier_uniform_(module.weight.flatten(1))
        embeddings = [self.mask_token] + ([self.channel_embed] if self.generation == 2 else [])
        for embedding in embeddings:
            nn.init.trunc_normal_(embedding, std=0.02, a=-0.02, b=0.02)
        shrink_branches(self.blocks)
