"""Which channels of a recording are wanted, and what turns their values into the wanted unit."""

from components.failures import InputError
from components.recordings import units
from components.recordings.recording import Channel, Recording
from components.recordings.settings import Settings

_MOST = 12
_MOST_CHANNELS = 1024  # whose names an attribute of HDF5 can hold


def picked(recording: Recording, wanted: tuple[str, ...]) -> list[int]:
    """Places of the wanted channels in the wanted order; all signals where none is named.

    Raises:
        InputError: a channel that is not there, or a name that two channels have.
    """
    names = [channel.name for channel in recording.channels]
    if not wanted:
        places = [place for place, channel in enumerate(recording.channels) if channel.signal]
        if not places:
            raise InputError(f"{recording.path}: it holds no signal; name channels by --channels")
        if len(places) > _MOST_CHANNELS:
            raise InputError(
                f"{recording.path}: it holds {len(places):,} signals; name the ones you want by "
                "--channels"
            )
        wanted = tuple(names[place] for place in places)
    missing = [name for name in wanted if name not in names]
    if missing:
        some = ", ".join(names[:_MOST]) + (", ..." if len(names) > _MOST else "")
        raise InputError(f"{recording.path}: has no channel {', '.join(missing)}; it has {some}")
    if twice := sorted({name for name in wanted if names.count(name) > 1}):
        raise InputError(f"{recording.path}: two channels are called {', '.join(twice)}")
    return [names.index(name) for name in wanted]


def unit_of(recording: Recording, picks: list[int], settings: Settings) -> str:
    """The unit of the windows: the wanted one, or the one that all channels have.

    Raises:
        InputError: a channel's unit is not known, or the channels have several.
    """
    said = {_unit(recording, recording.channels[pick], settings) for pick in picks}
    if settings.unit is not None:
        return units.known(settings.unit) or settings.unit
    if len(said) > 1:
        raise InputError(
            f"{recording.path}: its channels are in {', '.join(sorted(said))}; say by --unit "
            "which one you want"
        )
    return said.pop()


def factors(recording: Recording, picks: list[int], unit: str, settings: Settings) -> list[float]:
    """What each picked channel is multiplied by.

    Raises:
        InputError: a unit that can't be converted.
    """
    found = []
    for pick in picks:
        channel = recording.channels[pick]
        said = _unit(recording, channel, settings)
        if (factor := units.factor(said, unit)) is None:
            raise InputError(
                f"{recording.path}: channel {channel.name} is in {said}, which can't be "
                f"converted to {unit}; leave the channel out by --channels, or ask for another "
                "--unit"
            )
        found.append(factor)
    return found


def _unit(recording: Recording, channel: Channel, settings: Settings) -> str:
    if (said := channel.unit or units.known(settings.assumed_unit)) is None:
        raise InputError(
            f"{recording.path}: the unit of channel {channel.name} is not known; if you know it, "
            "say it by --assume-unit"
        )
    return said
